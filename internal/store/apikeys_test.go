package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func TestKeysOfProgramsAreKeptByDigest(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		n := accounts.NewAPIKey{Name: "billing", Scopes: []accounts.Scope{accounts.ScopeJobsRead, accounts.ScopeFactsWrite}, Days: 1}
		made, token, err := p.AddAPIKey(t.Context(), tasks.System(), n)
		if err != nil {
			t.Fatal(err)
		}
		read, err := p.APIKey(t.Context(), token)
		if diff := cmp.Diff(made, read); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		all, err := p.APIKeys(t.Context())
		if err != nil || len(all) != 1 || all[0].UsedAt.IsZero() {
			t.Errorf("%+v, %v", all, err)
		}
		if n := count(t, p.store, `SELECT count(*) FROM api_keys WHERE token_hash = $1 OR token_hash LIKE $2`, token, "%"+token[len(token)-43:]+"%"); n != 0 {
			t.Error("the token itself is in the record")
		}
		if _, _, err := p.AddAPIKey(t.Context(), tasks.System(), n); err == nil || !strings.Contains(err.Error(), accounts.CodeKeyTaken) {
			t.Errorf("a second of one name: %v", err)
		}
		for range 2 {
			if err := p.DisableAPIKey(t.Context(), tasks.System(), "billing"); err != nil {
				t.Error(err)
			}
		}
		if _, err := p.APIKey(t.Context(), token); !errors.Is(err, accounts.ErrNoKey) {
			t.Errorf("disabled: %v", err)
		}
		if err := p.DisableAPIKey(t.Context(), tasks.System(), "none"); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("not there: %v", err)
		}
		if n := count(t, p.store, `SELECT count(*) FROM audit WHERE action IN ('apikey.add', 'apikey.disable') AND object = 'billing'`); n != 2 {
			t.Errorf("%d rows in the journal", n)
		}
	})
}

func TestAKeyThatIsOverOpensNothing(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token, err := p.AddAPIKey(t.Context(), tasks.System(), accounts.NewAPIKey{Name: "short", Scopes: accounts.Scopes(), Days: 1})
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, p.store, `UPDATE api_keys SET expires_at = expires_at - 86400000`)
		if _, err := p.APIKey(t.Context(), token); !errors.Is(err, accounts.ErrNoKey) {
			t.Errorf("by database time it is over: %v", err)
		}
	})
}
