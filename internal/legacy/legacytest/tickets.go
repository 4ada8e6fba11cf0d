package legacytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// TicketLife is how long a ticket reads an account.
const TicketLife = 7 * 24 * time.Hour

func (s *Simulator) giveTicket(w http.ResponseWriter, a *account) {
	until := s.now().Add(TicketLife).Truncate(time.Second)
	answer(w, http.StatusCreated, map[string]any{"account": a.id, "ticket": s.seal(a.id, until.Unix()), "expires_at": until.UTC()})
}

// seal makes a ticket that needs no record.
func (s *Simulator) seal(id string, until int64) string {
	text := id + "~" + strconv.FormatInt(until, 10)
	mac := hmac.New(sha256.New, []byte(s.key.Secret()))
	mac.Write([]byte("ticket " + text))
	return text + "~" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// withTicket finds the account of a ticket and plays its part before the handler.
func (s *Simulator) withTicket(next func(http.ResponseWriter, *http.Request, *account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		for _, a := range s.accounts {
			if !s.opens(given, a) {
				continue
			}
			if s.act(w, r, a) {
				next(w, r, a)
			}
			return
		}
		refuse(w, http.StatusUnauthorized, "TICKET_UNKNOWN")
	}
}

func (s *Simulator) opens(ticket string, a *account) bool {
	parts := strings.Split(ticket, "~")
	if len(parts) != 3 || parts[0] != a.id {
		return false
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	return err == nil && s.now().Unix() < until && hmac.Equal([]byte(s.seal(a.id, until)), []byte(ticket))
}
