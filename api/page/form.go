package page

import "strings"

// Field is one input of a form. Templates make it with .Field, which fills
// label, hint, value and error by the field's name.
type Field struct {
	Name, ID, Label, Hint, Error, Value string

	Type         string // input type, text when empty
	Autocomplete string
	InputMode    string
	Accept       string // file inputs: comma-separated media types
	Width        string // 4, 6, 11, 18 or 24 characters; full width when empty
	Rows         int    // textarea lines
	Limit        int    // characters; shows a count
	Optional     bool   // marks the label （选填）
	Heading      bool   // the label is the page's h1
	Spellcheck   bool
}

// Choices is a group of radios or checkboxes under one legend.
type Choices struct {
	Name, Label, Hint, Error string
	Options                  []Option
	Optional, Heading        bool
}

// Option is one radio card.
type Option struct {
	Value, Text, Hint string
	Checked           bool
}

// Field describes the form field name. Label and hint come from the catalog
// keys field.<name> and hint.<name>; pairs override any member of Field by its
// name, for example "width" "6" "optional" true.
func (v View) Field(name string, pairs ...any) (Field, error) {
	f := Field{
		Name: name, ID: name,
		Label: v.catalog.T(v.Lang, "field."+name),
		Hint:  v.known("hint." + name),
		Value: v.Value(name), Error: v.ErrorFor(name),
	}
	return f, set(&f, pairs)
}

// Choices describes a group of radios whose texts are in the catalog under
// option.<name>.<value>, with an optional .hint.
func (v View) Choices(name string, values ...string) Choices {
	options := make([]Option, len(values))
	for i, value := range values {
		key := "option." + name + "." + value
		options[i] = Option{Value: value, Text: v.catalog.T(v.Lang, key), Hint: v.known(key + ".hint")}
	}
	return v.ChoicesOf(name, options)
}

// ChoicesOf describes a group of radios with given options, such as masked
// phone numbers.
func (v View) ChoicesOf(name string, options []Option) Choices {
	chosen := map[string]bool{}
	for _, value := range v.Values[name] {
		chosen[value] = true
	}
	marked := make([]Option, len(options))
	for i, o := range options {
		o.Checked = o.Checked || chosen[o.Value]
		marked[i] = o
	}
	return Choices{
		Name: name, Options: marked, Error: v.ErrorFor(name),
		Label: v.catalog.T(v.Lang, "field."+name), Hint: v.known("hint." + name),
	}
}

// AsHeading makes the group's legend the page's h1.
func (c Choices) AsHeading() Choices {
	c.Heading = true
	return c
}

// Labelled replaces the group's legend.
func (c Choices) Labelled(label string) Choices {
	c.Label = label
	return c
}

// ID returns the id of the option at index; the first carries the group's name
// so that the error summary can link to it.
func (c Choices) ID(index int) string {
	if index == 0 {
		return c.Name
	}
	return c.Name + "-" + c.Options[index].Value
}

// DescribedBy returns the ids a screen reader reads with the input.
func (f Field) DescribedBy() string {
	count := ""
	if f.Limit > 0 {
		count = "count"
	}
	return describedBy(f.ID, map[string]string{"hint": f.Hint, "error": f.Error, "count": count})
}

// DescribedBy returns the ids a screen reader reads with the group.
func (c Choices) DescribedBy() string {
	return describedBy(c.Name, map[string]string{"hint": c.Hint, "error": c.Error})
}

// Checked tells whether the box was ticked before.
func (f Field) Checked() bool {
	return f.Value != ""
}

func describedBy(id string, parts map[string]string) string {
	var ids []string
	for _, part := range []string{"hint", "error", "count"} {
		if parts[part] != "" {
			ids = append(ids, id+"-"+part)
		}
	}
	return strings.Join(ids, " ")
}

func (v View) known(key string) string {
	if !v.catalog.Has(v.Lang, key) {
		return ""
	}
	return v.catalog.T(v.Lang, key)
}
