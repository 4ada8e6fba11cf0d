// Package text holds every sentence people read, in Chinese and English.
//
// Messages live in catalog/<topic>.zh-CN.json and catalog/<topic>.en.json as
// flat key → message maps; a new flow adds a topic, it never edits another.
// Placeholders are written {name}; {Name} asks for the same value with its
// first letter in upper case. A message that depends on a count has the
// variants key.one and key.other, chosen by {n}; Chinese needs only key.other.
package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
	_ "time/tzdata" // the office runs on Shanghai time on any host
)

//go:embed catalog
var catalogs embed.FS

// Params are the values of a message's placeholders, by name.
type Params map[string]any

// Catalog answers messages by key. It is immutable and safe for concurrent use.
type Catalog struct {
	messages map[Lang]map[string]string
	shanghai *time.Location
}

// Load reads the embedded catalogs. It fails when a file is malformed or a key
// is given twice.
func Load() (*Catalog, error) {
	return load(catalogs)
}

func load(files fs.FS) (*Catalog, error) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	c := &Catalog{messages: map[Lang]map[string]string{}, shanghai: shanghai}
	for _, lang := range Langs() {
		c.messages[lang] = map[string]string{}
		names, err := fs.Glob(files, "catalog/*."+string(lang)+".json")
		if err != nil {
			return nil, fmt.Errorf("list catalogs: %w", err)
		}
		for _, name := range names {
			if err := c.merge(files, lang, name); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *Catalog) merge(files fs.FS, lang Lang, name string) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read catalog %s: %w", path.Base(name), err)
	}
	var topic map[string]string
	if err := json.Unmarshal(raw, &topic); err != nil {
		return fmt.Errorf("parse catalog %s: %w", path.Base(name), err)
	}
	for key, message := range topic {
		if _, twice := c.messages[lang][key]; twice {
			return fmt.Errorf("catalog %s: key %s is given twice", path.Base(name), key)
		}
		c.messages[lang][key] = message
	}
	return nil
}

// T returns the message of key in lang with its placeholders filled. When a
// value is not given, the message key.bare stands in, which needs none. A
// missing key shows as !key! and a missing value as !{name}!, so that a gap is
// seen and never breaks a page.
func (c *Catalog) T(lang Lang, key string, params ...Params) string {
	values := Params{}
	if len(params) > 0 {
		values = params[0]
	}
	message, ok := c.find(lang, key, values)
	if !ok {
		return "!" + key + "!"
	}
	filled, whole := fill(message, values)
	if bare, ok := c.messages[lang][key+".bare"]; ok && !whole {
		return bare
	}
	return filled
}

// Has tells whether lang has a message for key.
func (c *Catalog) Has(lang Lang, key string) bool {
	_, ok := c.find(lang, key, nil)
	return ok
}

func (c *Catalog) find(lang Lang, key string, values Params) (string, bool) {
	messages := c.messages[lang]
	if message, ok := messages[key]; ok {
		return message, true
	}
	if fmt.Sprint(values["n"]) == "1" {
		if message, ok := messages[key+".one"]; ok {
			return message, true
		}
	}
	message, ok := messages[key+".other"]
	return message, ok
}

// fill tells besides whether every placeholder had a value.
func fill(message string, values Params) (string, bool) {
	var out strings.Builder
	whole := true
	for {
		before, rest, open := strings.Cut(message, "{")
		out.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return out.String(), whole
		}
		word, given := value(values, name)
		out.WriteString(word)
		whole = whole && given
		message = after
	}
}

func value(values Params, name string) (string, bool) {
	if v, ok := values[name]; ok {
		return fmt.Sprint(v), true
	}
	if v, ok := values[lowerFirst(name)]; ok {
		return upperFirst(fmt.Sprint(v)), true
	}
	return "!{" + name + "}!", false
}
