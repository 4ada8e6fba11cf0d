package config

// Source says where a setting's value came from.
type Source string

// Where a value can come from.
const (
	FromDefault     Source = "default"
	FromEnvironment Source = "environment"
	FromFile        Source = "file"
	FromFlag        Source = "flag"
)

// Setting is one line of `beian config`; Value never shows a secret.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source Source `json:"source"`
	Help   string `json:"help"`
}

// Describe lists every setting of a loaded Config in the order of its definition.
func (l *Loader) Describe(cfg Config) []Setting {
	var settings []Setting
	for _, f := range fields(&cfg) {
		settings = append(settings, Setting{Name: f.variable, Value: f.text(), Source: l.source[f.variable], Help: f.tag.Get("help")})
	}
	return settings
}

// IsDefault reports whether nobody set a variable.
func (l *Loader) IsDefault(variable string) bool {
	return l.source[variable] == FromDefault || l.source[variable] == ""
}
