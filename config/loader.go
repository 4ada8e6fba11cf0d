package config

import (
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Loader reads a Config that is embedded in a kong command line: hand it to kong.New as an option, parse, then call
// Finish. Flags win over the environment, the environment over defaults; an empty variable counts as unset.
// A Loader serves one parse.
type Loader struct {
	environ map[string]string
	known   map[string]bool
	source  map[string]Source
	faults  Faults
}

// NewLoader reads from an environment as os.Environ gives it.
func NewLoader(environ []string) *Loader {
	l := &Loader{environ: map[string]string{}, known: map[string]bool{}, source: map[string]Source{}}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			l.environ[name] = value
		}
	}
	for _, f := range fields(new(Config)) {
		l.know(f.variable, f.value.Type())
	}
	return l
}

func (l *Loader) know(variable string, holds reflect.Type) {
	l.known[variable] = true
	if isHidden(holds) {
		l.known[variable+"_FILE"] = true
	}
}

// Apply makes the Loader a kong.Option.
func (l *Loader) Apply(k *kong.Kong) error {
	if err := kong.Resolvers(l).Apply(k); err != nil {
		return err
	}
	return kong.PostBuild(l.adopt).Apply(k)
}

// adopt takes over how kong decodes our settings, so that a bad value becomes a fault and the parse goes on.
func (l *Loader) adopt(k *kong.Kong) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			l.adoptFlag(flag)
		}
		return next(nil)
	})
}

func (l *Loader) adoptFlag(flag *kong.Flag) {
	for _, variable := range flag.Tag.Envs {
		l.known[variable] = true
	}
	variable := flag.Tag.Get("var")
	if variable == "" {
		return
	}
	l.source[variable] = FromFlag
	flag.Help += helpSuffix(flag.Tag.Get)
	flag.Mapper = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return err
		}
		l.decode(field{variable: variable, value: target}, text, exampleOf(flag.Tag.Get))
		return nil
	})
}

func helpSuffix(tag func(string) string) string {
	if choices := tag("choices"); choices != "" {
		return " One of " + strings.ReplaceAll(choices, ",", ", ") + ". ($" + tag("var") + ")"
	}
	return " ($" + tag("var") + ")"
}

func (l *Loader) decode(f field, text, example string) {
	err := decode(text, f.value)
	switch {
	case err == nil:
	case f.hidden():
		l.fault(f.variable, err.Error(), example)
	default:
		l.fault(f.variable, quoted(text)+" "+err.Error(), example)
	}
}

func (l *Loader) fault(variable, problem, example string) {
	fault := Fault{Variable: variable, Problem: problem, Example: example}
	if !slices.Contains(l.faults, fault) {
		l.faults = append(l.faults, fault)
	}
}

// Validate is part of kong.Resolver; there is nothing to check before the parse.
func (l *Loader) Validate(*kong.Application) error { return nil }

// Resolve is part of kong.Resolver. Kong asks only for flags the command line left open.
func (l *Loader) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	variable := flag.Tag.Get("var")
	if variable == "" {
		return nil, nil
	}
	if text := l.lookup(variable, isHidden(flag.Target.Type())); text != "" {
		return text, nil
	}
	return nil, nil
}

// lookup finds a variable's text, or for hidden settings the trimmed contents of the file that VARIABLE_FILE names,
// and notes where it came from.
func (l *Loader) lookup(variable string, hidden bool) string {
	l.source[variable] = FromDefault
	text, path := l.environ[variable], ""
	if hidden {
		path = l.environ[variable+"_FILE"]
	}
	if text != "" && path != "" {
		l.fault(variable, "and "+variable+"_FILE are both set; keep one", "")
	}
	if text != "" {
		l.source[variable] = FromEnvironment
		return text
	}
	if path == "" {
		return ""
	}
	l.source[variable] = FromFile
	return l.readFile(variable+"_FILE", path)
}

func (l *Loader) readFile(variable, path string) string {
	const example = "/run/secrets/beian"
	contents, err := os.ReadFile(path)
	if err != nil {
		l.fault(variable, err.Error(), example)
		return ""
	}
	text := strings.TrimSpace(string(contents))
	if text == "" {
		l.fault(variable, "names an empty file", example)
	}
	return text
}

// Finish reads the secrets, which have no flag because a command line is visible to everyone on the machine, and
// returns every fault of the configuration at once as Faults, or nil. Commands that imply a setting change cfg before.
func (l *Loader) Finish(cfg *Config) error {
	for _, f := range fields(cfg) {
		if f.value.Type() == reflect.TypeFor[Secret]() {
			l.decode(f, l.lookup(f.variable, true), f.example())
		}
	}
	l.refuseUnknown()
	faults := slices.Clone(l.faults)
	for _, fault := range cfg.check() {
		if !l.faults.about(fault.Variable) && !l.faults.about(fault.Variable+"_FILE") {
			faults = append(faults, fault)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Variable, b.Variable) })
	return faults.asError()
}

// FromEnv reads a Config from an environment alone. Overrides run before the check, as a command's implications do.
// The error is Faults.
func FromEnv(environ []string, overrides ...func(*Config)) (Config, error) {
	var cfg Config
	l := NewLoader(environ)
	parser, err := kong.New(&cfg, l, kong.NoDefaultHelp())
	if err != nil {
		return Config{}, err
	}
	if _, err := parser.Parse(nil); err != nil {
		return Config{}, err
	}
	for _, override := range overrides {
		override(&cfg)
	}
	return cfg, l.Finish(&cfg)
}
