package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"beian/internal/text"
	"beian/tasks"
)

// Templates says which approved template of the provider stands for each SMS in
// each language, and under which signature (C2).
type Templates struct {
	words *Words
	signs map[text.Lang]string
	codes map[string]map[text.Lang]string
	texts map[string]map[text.Lang]string // where the approved wording is not ours
	parts map[text.Lang]int
}

// templateFile is the configuration as written: names are those of our catalog
// without "sms.", such as code.track.
type templateFile struct {
	Signs     map[text.Lang]string            `json:"signs"`
	Parts     map[text.Lang]int               `json:"parts"`
	Templates map[string]map[text.Lang]string `json:"templates"`
	Texts     map[string]map[text.Lang]string `json:"texts"`
}

// TemplateFaults is everything wrong with a template file at once.
type TemplateFaults []string

// Error prints one line per fault.
func (f TemplateFaults) Error() string { return strings.Join(f, "\n") }

// An SMS of up to 70 characters, signature included, is one part; longer ones are
// split into parts of 67, each of which costs (trust 4.2).
const (
	onePartLength  = 70
	longPartLength = 67
	mostParts      = 7
)

// ReadTemplates reads the configuration and checks that every SMS has a template in
// both languages, that approved texts ask for nothing we don't have, and that the
// longest message fits. The error is TemplateFaults.
func ReadTemplates(r io.Reader, words *Words) (*Templates, error) {
	var file templateFile
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, TemplateFaults{"is not the JSON of templates: " + err.Error()}
	}
	t := &Templates{words: words, signs: file.Signs, codes: file.Templates, texts: file.Texts, parts: map[text.Lang]int{text.Chinese: 1, text.English: 2}}
	maps.Copy(t.parts, file.Parts)
	if faults := t.faults(); len(faults) > 0 {
		return nil, faults
	}
	return t, nil
}

// Names lists every SMS there is, as a template file names them.
func Names() []string {
	var names []string
	for _, key := range codeKeys() {
		names = append(names, strings.TrimPrefix(key, smsKey))
	}
	for _, keys := range noticeKeys() {
		if keys[0] != "" {
			names = append(names, strings.TrimPrefix(keys[0], smsKey))
		}
	}
	slices.Sort(names)
	return names
}

const smsKey = "sms."

func (t *Templates) faults() TemplateFaults {
	faults := t.strangers()
	for _, lang := range text.Langs() {
		if strings.TrimSpace(t.signs[lang]) == "" {
			faults = append(faults, fmt.Sprintf("signs has none for %s", lang))
		}
		if parts := t.parts[lang]; parts < 1 || parts > mostParts {
			faults = append(faults, fmt.Sprintf("parts for %s is %d, not from 1 to %d", lang, parts, mostParts))
		}
		for _, name := range Names() {
			faults = append(faults, t.faultsOf(name, lang)...)
		}
	}
	return faults
}

// strangers are names and languages that we don't have: a misspelt one would leave
// a message without its template.
func (t *Templates) strangers() TemplateFaults {
	var faults TemplateFaults
	langs := text.Langs()
	for where, byName := range map[string]map[string]map[text.Lang]string{"templates": t.codes, "texts": t.texts} {
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			if !slices.Contains(Names(), name) {
				faults = append(faults, fmt.Sprintf("%s has %q, which is no message of ours", where, name))
			}
			for _, lang := range slices.Sorted(maps.Keys(byName[name])) {
				if !slices.Contains(langs, lang) {
					faults = append(faults, fmt.Sprintf("%s of %s has language %q, which we don't speak", where, name, lang))
				}
			}
		}
	}
	slices.Sort(faults)
	return faults
}

func (t *Templates) faultsOf(name string, lang text.Lang) TemplateFaults {
	var faults TemplateFaults
	if strings.TrimSpace(t.codes[name][lang]) == "" {
		faults = append(faults, fmt.Sprintf("templates of %s has none for %s", name, lang))
	}
	approved := t.text(name, lang)
	known := placeholders(t.words.pattern(name, lang))
	if strings.Contains(approved, "!{") {
		faults = append(faults, fmt.Sprintf("%s for %s has a variable whose longest value nobody wrote down", name, lang))
	}
	for _, param := range placeholders(approved) {
		if !slices.Contains(known, param) {
			faults = append(faults, fmt.Sprintf("texts of %s for %s asks for {%s}, which this message does not carry", name, lang, param))
		}
	}
	length, limit := t.length(approved, lang), limitOf(t.parts[lang])
	if length > limit {
		faults = append(faults, fmt.Sprintf("%s for %s takes up to %d characters with its signature, more than the %d of %d part(s)", name, lang, length, limit, t.parts[lang]))
	}
	return faults
}

func limitOf(parts int) int {
	if parts == 1 {
		return onePartLength
	}
	return parts * longPartLength
}

// length is how long a message can get, in the UTF-16 units that carriers count.
func (t *Templates) length(approved string, lang text.Lang) int {
	values := text.Params{}
	for name, value := range Longest() {
		values[name] = value
	}
	values["state"] = t.words.longestState(lang)
	said := "【" + t.signs[lang] + "】" + placeholder.ReplaceAllStringFunc(approved, func(found string) string {
		return fmt.Sprint(values[found[1:len(found)-1]])
	})
	return len(utf16.Encode([]rune(said)))
}

// Code is the provider's template for a message in a language.
func (t *Templates) Code(name string, lang text.Lang) string { return t.codes[name][lang] }

// text is the approved wording of a message: the operator's, or our own with the
// site's address filled in, because no variable may carry one.
func (t *Templates) text(name string, lang text.Lang) string {
	if own := t.texts[name][lang]; own != "" {
		return own
	}
	return t.words.pattern(name, lang)
}

// filledTemplate is a message as a provider takes it: values in the order of their
// first place in the text.
type filledTemplate struct {
	sign, code    string
	names, values []string
}

func (f filledTemplate) byName() map[string]string {
	out := make(map[string]string, len(f.names))
	for i, name := range f.names {
		out[name] = f.values[i]
	}
	return out
}

var errNoTemplate = errors.New("no template for this message")

// of finds the template of a message and its values; Chinese when the message is in
// no language of ours, as Words.Text does.
func (t *Templates) of(m tasks.Message) (filledTemplate, error) {
	lang, ok := text.Parse(m.Lang)
	if !ok {
		lang = text.Chinese
	}
	keys, ok := keysOf(m)
	name := strings.TrimPrefix(keys.body, smsKey)
	if !ok || t.codes[name][lang] == "" {
		return filledTemplate{}, fmt.Errorf("template %q: %w", m.Template, errNoTemplate)
	}
	filled := filledTemplate{sign: t.signs[lang], code: t.codes[name][lang], names: placeholders(t.text(name, lang)), values: []string{}}
	params := t.words.params(lang, m)
	for _, param := range filled.names {
		value, ok := params[param]
		if !ok {
			return filledTemplate{}, fmt.Errorf("template %q lacks a value: %w", m.Template, errNoTemplate)
		}
		said := fmt.Sprint(value)
		if said == "" { // a provider refuses an empty variable
			said = t.words.catalog.T(lang, "sms.none")
		}
		filled.values = append(filled.values, said)
	}
	return filled, nil
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// placeholders lists what a text asks for, each once.
func placeholders(said string) []string {
	names := []string{}
	for _, found := range placeholder.FindAllString(said, -1) {
		if name := found[1 : len(found)-1]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
