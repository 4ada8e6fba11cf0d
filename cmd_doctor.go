package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"beian/internal/queue"
	"beian/internal/text"
)

// doctorCommand checks what the program stands on, explains what it found and says
// what to do about it.
type doctorCommand struct {
	JSON bool   `help:"Print JSON lines."`
	Lang string `enum:"auto,zh-CN,en" default:"auto" help:"Language of the findings: zh-CN, en, or auto for the terminal's."`
	Fix  bool   `help:"Repair what can be repaired without a choice: missing migrations, who may read the key file."`
}

// finding is one result of the doctor: Case is what was found among the answers of
// Code; both are stable. Detail and Remedy are in the reader's language.
type finding struct {
	Code   string      `json:"code"`
	Level  queue.Level `json:"level"`
	Case   string      `json:"case"`
	Detail string      `json:"detail"`
	Remedy string      `json:"remedy,omitempty"`
	Fixed  bool        `json:"fixed,omitempty"`

	values text.Params
	fix    func(context.Context) error
}

func healthy(code string, values text.Params) finding {
	return finding{Code: code, Level: queue.LevelOK, Case: "ok", values: values}
}

func warned(code, what string, values text.Params) finding {
	return finding{Code: code, Level: queue.LevelWarn, Case: what, values: values}
}

func broken(code, what string, values text.Params) finding {
	return finding{Code: code, Level: queue.LevelFault, Case: what, values: values}
}

func (c *doctorCommand) run(ctx context.Context, s session) error {
	catalog, err := text.Load()
	if err != nil {
		return err
	}
	found, err := c.examine(ctx, s)
	if err != nil {
		return err
	}
	lang, faults := c.lang(s.environ), 0
	for i := range found {
		found[i].say(catalog, lang)
		if found[i].Level == queue.LevelFault && !found[i].Fixed {
			faults++
		}
	}
	if err := c.print(s, found); err != nil {
		return err
	}
	if faults > 0 {
		return fmt.Errorf("%w: the doctor found %d faults", errDown, faults)
	}
	return nil
}

// lang is the language of the terminal unless one was asked for.
func (c *doctorCommand) lang(environ []string) text.Lang {
	if lang, ok := text.Parse(c.Lang); ok {
		return lang
	}
	for _, name := range []string{"LC_ALL=", "LC_MESSAGES=", "LANG="} {
		for _, v := range environ {
			if value, ok := strings.CutPrefix(v, name); ok && value != "" {
				if strings.HasPrefix(value, "zh") {
					return text.Chinese
				}
				return text.English
			}
		}
	}
	return text.English
}

func (f *finding) say(catalog *text.Catalog, lang text.Lang) {
	key := "doctor." + f.Code + "." + f.Case
	f.Detail = catalog.T(lang, key, f.values)
	if f.Level != queue.LevelOK {
		f.Remedy = catalog.T(lang, key+".fix", f.values)
	}
	if f.Fixed {
		f.Remedy = catalog.T(lang, "doctor.fixed")
	}
}

func (c *doctorCommand) print(s session, found []finding) error {
	if c.JSON {
		return printJSON(s, found)
	}
	for _, f := range found {
		fmt.Fprintf(s.out, "%-5s %-18s %s\n", f.Level, f.Code, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(s.out, "%-24s → %s\n", "", f.Remedy)
		}
	}
	return nil
}

// examine looks at everything and repairs what it was told to; what keeps the office
// from opening is looked at first.
func (c *doctorCommand) examine(ctx context.Context, s session) ([]finding, error) {
	found, err := c.repaired(ctx, []finding{examineDisk(s.cfg.DataDir), examineKeys(s.cfg)})
	if err != nil || found[1].Level == queue.LevelFault && !found[1].Fixed {
		return found, err
	}
	o, err := openOffice(ctx, s)
	if errors.Is(err, errDown) {
		return append(found, broken("DATABASE", "away", text.Params{"why": rootCause(err)})), nil
	}
	if err != nil {
		return append(found, broken("START", "refused", text.Params{"why": err.Error()})), nil
	}
	defer o.close()
	more, err := c.repaired(ctx, []finding{healthy("DATABASE", text.Params{"engine": o.store.Engine()}), o.examineSchema(ctx), o.examineClock(ctx),
		o.examineBlobs(ctx), o.examineCalendar(), o.examineMessages(), o.examineLegacy(ctx), o.examineProxy(ctx)})
	return append(append(found, more...), o.examineRedis(ctx)...), err
}

func (c *doctorCommand) repaired(ctx context.Context, found []finding) ([]finding, error) {
	for i, f := range found {
		if !c.Fix || f.fix == nil {
			continue
		}
		if err := f.fix(ctx); err != nil {
			return nil, fmt.Errorf("repairing %s: %w", f.Code, err)
		}
		found[i].Fixed = true
	}
	return found, nil
}

// rootCause is the innermost sentence of an error.
func rootCause(err error) string {
	parts := strings.Split(err.Error(), ": ")
	return parts[len(parts)-1]
}
