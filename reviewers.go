package main

import (
	"beian/api"
	"beian/internal/documents"
	"beian/internal/sms"
	"beian/tasks"
)

// reviewers is what the reviewers' console is made of.
func (o *office) reviewers() (api.ReviewParts, error) {
	words, err := sms.NewWords(o.catalog, sms.Site{PublicURL: o.cfg.BaseURL()})
	if err != nil {
		return api.ReviewParts{}, err
	}
	return api.ReviewParts{
		Desk: o.desk, Calendar: o.calendar, Watermark: documents.Watermark,
		Views:  console{o.store},
		Ticket: func(text string) string { return o.vault.Token("picture", text) },
		Words: func(m tasks.Message) (string, error) {
			said, err := words.Text(m)
			return said.Body, err
		},
	}, nil
}
