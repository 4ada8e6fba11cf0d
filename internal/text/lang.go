package text

import "golang.org/x/text/language"

// Lang is a language the desk speaks, as a BCP 47 tag.
type Lang string

// The desk's languages. Chinese is what everyone gets who asks for neither.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// A longer header is not a browser's; parsing it would only cost time.
const maxAcceptLanguage = 1000

// Langs returns all languages, the default first.
func Langs() []Lang {
	return []Lang{Chinese, English}
}

// Parse reads a language a person or a cookie named exactly: zh-CN, zh or en.
func Parse(s string) (Lang, bool) {
	switch s {
	case "zh-CN", "zh":
		return Chinese, true
	case "en":
		return English, true
	}
	return "", false
}

// Match picks the language for an Accept-Language header, Chinese when the
// header is empty, malformed or names neither language.
func Match(acceptLanguage string) Lang {
	if len(acceptLanguage) > maxAcceptLanguage {
		return Chinese
	}
	if acceptLanguage == "" {
		return Chinese
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Chinese
	}
	for _, tag := range wanted { // in the order of their weights
		switch base, _ := tag.Base(); base.String() {
		case "zh":
			return Chinese
		case "en":
			return English
		}
	}
	return Chinese
}

// Other returns the language that the header's switch offers.
func (l Lang) Other() Lang {
	if l == English {
		return Chinese
	}
	return English
}

// OwnName returns the language's name in itself: 中文 or English.
func (l Lang) OwnName() string {
	if l == English {
		return "English"
	}
	return "中文"
}
