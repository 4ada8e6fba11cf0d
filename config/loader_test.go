package config_test

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"beian/config"

	"github.com/alecthomas/kong"
)

type commandLine struct {
	config.Config

	Dev    struct{} `cmd:""`
	API    struct{} `cmd:""`
	Export struct {
		To string `env:"BEIAN_EXPORT_TO"`
	} `cmd:""`
}

func parse(t *testing.T, environ []string, args ...string) (*config.Loader, commandLine) {
	t.Helper()
	var cli commandLine
	loader := config.NewLoader(environ)
	parser, err := kong.New(&cli, loader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return loader, cli
}

func TestFlagsWinOverTheEnvironmentAndThatOverDefaults(t *testing.T) {
	t.Parallel()
	loader, cli := parse(t, []string{"BEIAN_LOG_LEVEL=warn", "BEIAN_HTTP_ADDR=:1", "BEIAN_EXPORT_TO=x"}, "dev", "--http-addr=:2", "--cors-origins", "https://a.cn,https://b.cn")
	cli.Environment = config.Development
	if err := loader.Finish(&cli.Config); err != nil {
		t.Fatal(err)
	}
	if cli.HTTPAddr != ":2" || cli.LogLevel != "warn" || cli.LogFormat != "auto" || len(cli.CORSOrigins) != 2 {
		t.Errorf("got %+v", cli.Config)
	}
}

func TestBadFlagsAreFaultsLikeTheRest(t *testing.T) {
	t.Parallel()
	loader, cli := parse(t, []string{"BEIAN_QUEUE_POLL=x"}, "api", "--lease=y")
	cli.Environment = config.Development
	err := loader.Finish(&cli.Config)
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "BEIAN_LEASE") || !strings.Contains(err.Error(), "BEIAN_QUEUE_POLL") {
		t.Errorf("got %v", err)
	}
}

func TestDescribeNamesTheSourceAndMasks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "redis")
	write(t, file, "  redis://:"+planted+"@cache:6379\n")
	loader, cli := parse(t, []string{"BEIAN_API_KEY=" + planted, "BEIAN_REDIS_URL_FILE=" + file, "BEIAN_TRUSTED_PROXIES=10.0.0.0/8,::1"}, "api", "--lease=7s")
	cli.Environment = config.Development
	if err := loader.Finish(&cli.Config); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"BEIAN_API_KEY":         {"set", "environment"},
		"BEIAN_REDIS_URL":       {"redis://:***@cache:6379", "file"},
		"BEIAN_TRUSTED_PROXIES": {"10.0.0.0/8,::1/128", "environment"},
		"BEIAN_LEASE":           {"7s", "flag"},
		"BEIAN_LOG_LEVEL":       {"info", "default"},
		"BEIAN_DATABASE_URL":    {"", "default"},
	}
	for _, setting := range loader.Describe(cli.Config) {
		if setting.Help == "" || setting.Source == "" {
			t.Errorf("%s lacks its help or its source", setting.Name)
		}
		if w, ok := want[setting.Name]; ok && w != [2]string{setting.Value, string(setting.Source)} {
			t.Errorf("%+v, want %v", setting, w)
		}
		if strings.Contains(setting.Value, planted) {
			t.Errorf("%s shows a secret", setting.Name)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full, empty := filepath.Join(dir, "full"), filepath.Join(dir, "empty")
	write(t, full, "\n"+planted+"\n")
	write(t, empty, " \n")

	t.Run("the trimmed contents are the secret", func(t *testing.T) {
		t.Parallel()
		cfg, err := config.FromEnv([]string{"BEIAN_API_KEY_FILE=" + full}, inDevelopment)
		if err != nil || cfg.APIKey.Reveal() != planted {
			t.Errorf("got %v", err)
		}
	})
	for name, environ := range map[string][]string{
		"both forms":     {"BEIAN_API_KEY_FILE=" + full, "BEIAN_API_KEY=" + planted},
		"no such file":   {"BEIAN_API_KEY_FILE=" + filepath.Join(dir, "absent")},
		"an empty file":  {"BEIAN_API_KEY_FILE=" + empty},
		"both URL forms": {"BEIAN_REDIS_URL_FILE=" + full, "BEIAN_REDIS_URL=redis://:" + planted + "@r"},
	} {
		t.Run(name+" is one fault", func(t *testing.T) {
			t.Parallel()
			_, err := config.FromEnv(environ, inDevelopment)
			if onlyVariable(t, err) == "" || strings.Contains(err.Error(), planted) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSecretsHaveNoFlag(t *testing.T) {
	t.Parallel()
	var cli commandLine
	parser, err := kong.New(&cli, config.NewLoader(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"api", "--api-key=" + planted}); err == nil {
		t.Error("a secret was accepted on the command line, where everyone can see it")
	}
}

func TestHelpNamesTheVariables(t *testing.T) {
	t.Parallel()
	var cli commandLine
	var out bytes.Buffer
	exited := false
	parser, err := kong.New(&cli, config.NewLoader([]string{"BEIAN_LEASE=bad"}), kong.Writers(&out, &out), kong.Exit(func(int) { exited = true }))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = parser.Parse([]string{"--help"})
	help := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"($BEIAN_LEASE)", "($BEIAN_REDIS_URL)", "One of auto, json, console. ($BEIAN_LOG_FORMAT)"} {
		if !exited || !strings.Contains(help, want) {
			t.Errorf("help does not say %q:\n%s", want, out.String())
		}
	}
}

func TestFlagsAndVariablesHaveTheSameNames(t *testing.T) {
	t.Parallel()
	eachField(reflect.TypeFor[config.Config](), func(f reflect.StructField) {
		variable := f.Tag.Get("var")
		if !strings.HasPrefix(variable, "BEIAN_") || f.Tag.Get("help") == "" {
			t.Errorf("%s lacks a variable or help", f.Name)
		}
		if f.Type == reflect.TypeFor[config.Secret]() {
			return
		}
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(variable, "BEIAN_"), "_", "-"))
		if f.Tag.Get("name") != flag {
			t.Errorf("%s has the flag %q, want %q", variable, f.Tag.Get("name"), flag)
		}
		if f.Tag.Get("example") == "" && f.Tag.Get("default") == "" {
			t.Errorf("%s has neither an example nor a default", variable)
		}
	})
}

func eachField(structure reflect.Type, visit func(reflect.StructField)) {
	for i := range structure.NumField() {
		if f := structure.Field(i); f.Tag.Get("var") == "" {
			eachField(f.Type, visit)
		} else {
			visit(f)
		}
	}
}
