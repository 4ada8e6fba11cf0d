package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"beian/tasks"
)

// Hook is how a provider of messages pushes delivery receipts (C3).
type Hook struct {
	// Secret is what the provider shows: the last part of the address, or a bearer
	// token. No provider of ours signs its pushes.
	Secret string
	// Read takes the ids of messages out of a push.
	Read func(body []byte) ([]tasks.Hint, error)
	// Thanks is the JSON that the provider takes for "received".
	Thanks string
}

// hookRoutes hang in what providers push to, outside of the API that people use.
func (s *Server) hookRoutes() {
	s.echo.POST("/hooks/sms/:provider", s.hook)
	s.echo.POST("/hooks/sms/:provider/:secret", s.hook)
}

func isHook(route string) bool { return strings.HasPrefix(route, "/hooks/") }

// hook takes a push. Whoever does not show the secret is told that nothing is here;
// a wrong guess costs as much as one at a tracking code.
func (s *Server) hook(c echo.Context) error {
	r := c.Request()
	hook, known := s.parts.Hooks[c.Param("provider")]
	shown := c.Param("secret")
	if shown == "" {
		shown = bearer(r)
	}
	err := s.fenced(r.Context(), func() error {
		if !known || hook.Secret == "" || !same(shown, hook.Secret) {
			return tasks.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	hints, err := hook.Read(body)
	if err != nil {
		return errMalformed
	}
	if err := s.parts.Desk.Hear(r.Context(), hints); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, []byte(hook.Thanks))
}

// same compares in constant time, whatever the lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
