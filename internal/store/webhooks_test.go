package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestAWebhooksAddressAndSecretsAreSealed(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := time.UnixMilli(1_780_000_000_000).UTC()
		w := tasks.Webhook{ID: "w1", Name: "one", URL: "https://hooks.example.com/secret-path", Secret: []byte("the-secret"), Kinds: []tasks.Kind{tasks.KindTransfer, tasks.KindReset},
			CreatedAt: at}
		inTx(t, s, func(x *tx) error { return x.AddWebhook(t.Context(), w) })
		w.Former, w.FormerUntil, w.DisabledAt, w.Reason = []byte("the-former"), at.Add(time.Hour), at, tasks.WebhookOff
		inTx(t, s, func(x *tx) error { return x.SaveWebhook(t.Context(), w) })
		inTx(t, s, func(x *tx) error {
			return x.AddWebhook(t.Context(), tasks.Webhook{ID: "w2", Name: "two", URL: "https://other.example.com", Secret: []byte("s"), CreatedAt: at})
		})
		states, err := s.WebhookStates(t.Context())
		if diff := cmp.Diff(map[string]int64{"active": 1, tasks.WebhookOff: 1, tasks.WebhookGone: 0}, states); err != nil || diff != "" {
			t.Error(err, diff)
		}
		var got tasks.Webhook
		var sealed []byte
		inTx(t, s, func(x *tx) (err error) {
			if got, err = x.WebhookNamed(t.Context(), "one"); err != nil {
				return err
			}
			return x.q.row(t.Context(), `SELECT sealed FROM webhooks WHERE name = 'one'`).Scan(&sealed)
		})
		if diff := cmp.Diff(w, got); diff != "" {
			t.Error(diff)
		}
		for _, secret := range []string{"hooks.example.com", "the-secret", "the-former"} {
			if bytes.Contains(sealed, []byte(secret)) {
				t.Errorf("the table shows %s", secret)
			}
		}
	})
}
