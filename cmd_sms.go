package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"beian/config"
	"beian/internal/sms"
	"beian/internal/text"
)

// smsCommand prepares a provider of SMS: what it must approve, and the file that
// names what it approved (C2). It needs neither database nor provider.
type smsCommand struct {
	Texts     smsTexts     `cmd:"" help:"Print the text of every SMS, to hand in at a provider for approval."`
	Templates smsTemplates `cmd:"" help:"Print the file for BEIAN_SMS_TEMPLATES with its codes left to fill in."`
}

type (
	smsTexts struct {
		For string `enum:"aliyun,tencent" default:"aliyun" help:"Whose variables: aliyun ($${receipt}) or tencent ({1})."`
	}
	smsTemplates struct{}
)

func (c *smsTexts) prepare(cfg *config.Config)     { cfg.Environment = config.Development }
func (c *smsTemplates) prepare(cfg *config.Config) { cfg.Environment = config.Development }

func (c *smsTexts) run(_ context.Context, s session) error {
	catalog, err := text.Load()
	if err != nil {
		return fmt.Errorf("loading the catalogs: %w", err)
	}
	words, err := sms.NewWords(catalog, sms.Site{PublicURL: s.cfg.BaseURL()})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, a := range words.Approvals(c.For == "tencent") {
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.Name, a.Lang, a.Text)
	}
	return w.Flush()
}

func (c *smsTemplates) run(_ context.Context, s session) error {
	byLang := func() map[text.Lang]string {
		blank := map[text.Lang]string{}
		for _, lang := range text.Langs() {
			blank[lang] = ""
		}
		return blank
	}
	codes := map[string]map[text.Lang]string{}
	for _, name := range sms.Names() {
		codes[name] = byLang()
	}
	encoder := json.NewEncoder(s.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"signs": byLang(), "parts": map[text.Lang]int{text.Chinese: 1, text.English: 2}, "templates": codes})
}
