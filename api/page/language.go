package page

import (
	"net/http"
	"time"

	"beian/internal/text"
)

const (
	langCookie = "lang"
	langLife   = 365 * 24 * time.Hour
)

// ChooseLang picks the language of a request: ?lang= (which also sets a
// cookie), then the cookie, then Accept-Language, then Chinese. secure marks
// the cookie Secure.
func ChooseLang(w http.ResponseWriter, r *http.Request, secure bool) text.Lang {
	if lang, ok := text.Parse(r.URL.Query().Get("lang")); ok {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: string(lang), Path: "/",
			MaxAge: int(langLife.Seconds()), Secure: secure,
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		return lang
	}
	if cookie, err := r.Cookie(langCookie); err == nil {
		if lang, ok := text.Parse(cookie.Value); ok {
			return lang
		}
	}
	return text.Match(r.Header.Get("Accept-Language"))
}
