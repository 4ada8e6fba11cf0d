package store

import (
	"errors"
	"testing"

	"beian/internal/accounts"
)

func TestAnIdentityIsKeptAsADigestAndTiedOnce(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.insert(t, "acc-2", "lisi@example.com")
		open := func(subject, name, mail string, want error) {
			t.Helper()
			_, _, err := p.IdentitySignIn(t.Context(), accounts.Identity{Issuer: "https://a.cn", Subject: subject, Name: name, Email: mail}, accounts.Client{Address: "a"})
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", subject, err, want)
			}
		}
		open("planted-1", "", porterLogin, nil)
		open("planted-1", "ext-acc-1", "", nil)
		open("planted-2", "ext-acc-1", "", accounts.ErrStranger)
		open("planted-1", "ext-acc-2", "", accounts.ErrStranger)
		open("planted-2", "ext-acc-2", "", nil)
		open("planted-3", "ext-none", "", accounts.ErrStranger)
		if n := count(t, p.store, `SELECT count(*) FROM identities WHERE subject_index LIKE '%planted%'`); n != 0 {
			t.Error("a subject is stored in clear")
		}
		if n := count(t, p.store, `SELECT count(*) FROM identities`); n != 2 {
			t.Errorf("%d identities", n)
		}
	})
}
