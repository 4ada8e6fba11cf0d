package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"go.yaml.in/yaml/v3"
)

// What deploy/ holds is installed by people on machines that no test has. Here it
// is read the way its readers read it: every document parses, every command and
// every setting in it is one of the program's, every expression asks for a metric
// that is served.

func deployed(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	out := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = string(text)
	}
	return out
}

// documents reads every document of a YAML file.
func documents(t *testing.T, name, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	reader := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc map[string]any
		err := reader.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, doc)
	}
}

func TestDeployedSettingsExist(t *testing.T) {
	t.Parallel()
	known := settings(t)
	variable := regexp.MustCompile(`\bBEIAN_[A-Z_]*[A-Z]`)
	for _, pattern := range []string{"deploy/*", "deploy/systemd/*", "deploy/kubernetes/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range variable.FindAllString(string(text), -1) {
				if !known[name] && !known[strings.TrimSuffix(name, "_FILE")] && name != "BEIAN_BLOBS" {
					t.Errorf("%s names %s, which is no setting", f, name)
				}
			}
		}
	}
}

// settings are the names that `beian config` prints.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), buildProgram(t), "config", "--env", "development").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range regexp.MustCompile(`BEIAN_[A-Z_0-9]+`).FindAllString(string(output), -1) {
		known[name] = true
	}
	if len(known) < 20 {
		t.Fatalf("beian config names %d settings", len(known))
	}
	return known
}

func TestSystemdUnitsStartCommandsThatExist(t *testing.T) {
	t.Parallel()
	program := buildProgram(t)
	for name, text := range deployed(t, "deploy/systemd/*.service") {
		values := map[string]string{}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			key, value, ok := strings.Cut(line, "=")
			if !ok && line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "[") {
				t.Errorf("%s: %q is not a setting", name, line)
			}
			values[key] = value
		}
		command := strings.Fields(values["ExecStart"])
		if len(command) < 2 || command[0] != "/usr/local/bin/beian" {
			t.Fatalf("%s starts %q", name, values["ExecStart"])
		}
		helps(t, program, command[1:])
		for key, want := range map[string]string{"User": "beian", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "CapabilityBoundingSet": ""} {
			if got, ok := values[key]; !ok || got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
	}
}

// systemd itself reads the units where it is installed.
func TestSystemdAcceptsTheUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	for name, text := range deployed(t, "deploy/systemd/*.service") {
		text = strings.ReplaceAll(text, "/usr/local/bin/beian", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	units, _ := filepath.Glob(dir + "/*.service")
	output, err := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no", "--recursive-errors=no"}, units...)...).CombinedOutput()
	if err != nil || bytes.Contains(output, []byte("Unknown key")) {
		t.Errorf("systemd-analyze: %v\n%s", err, output)
	}
}

func helps(t *testing.T, program string, command []string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, append(slices.Clone(command), "--help")...).CombinedOutput()
	if err != nil {
		t.Errorf("beian %s --help: %v\n%s", strings.Join(command, " "), err, output)
	}
}

func words(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, v := range list {
		out = append(out, v.(string))
	}
	return out
}

func TestComposeServicesRunCommandsThatExist(t *testing.T) {
	t.Parallel()
	program := buildProgram(t)
	for name, text := range deployed(t, "deploy/compose.yaml") {
		doc := documents(t, name, text)[0]
		services := doc["services"].(map[string]any)
		for service, value := range services {
			s := value.(map[string]any)
			image, _ := s["image"].(string)
			if image == "" {
				t.Errorf("%s has no image", service)
			}
			if image == "beian" {
				helps(t, program, words(s["command"]))
			}
			needs, _ := s["depends_on"].(map[string]any)
			for other := range needs {
				if services[other] == nil {
					t.Errorf("%s depends on %s, which is not there", service, other)
				}
			}
			for _, secret := range words(s["secrets"]) {
				if doc["secrets"].(map[string]any)[secret] == nil {
					t.Errorf("%s wants the secret %s", service, secret)
				}
			}
		}
	}
}

func TestKubernetesPodsAreConfined(t *testing.T) {
	t.Parallel()
	program, pods := buildProgram(t), 0
	for name, text := range deployed(t, "deploy/kubernetes/*.yaml") {
		for _, doc := range documents(t, name, text) {
			kind, _ := doc["kind"].(string)
			if doc["apiVersion"] == nil || kind == "" {
				t.Errorf("%s holds a document without apiVersion or kind", name)
			}
			spec, _ := doc["spec"].(map[string]any)
			template, ok := spec["template"].(map[string]any)
			if !ok {
				continue
			}
			pods++
			pod := template["spec"].(map[string]any)
			if pod["securityContext"].(map[string]any)["runAsNonRoot"] != true {
				t.Errorf("%s: a %s may run as root", name, kind)
			}
			for _, c := range pod["containers"].([]any) {
				container := c.(map[string]any)
				helps(t, program, words(container["args"]))
				confined := container["securityContext"].(map[string]any)
				if confined["readOnlyRootFilesystem"] != true || confined["allowPrivilegeEscalation"] != false {
					t.Errorf("%s: container %v is not confined", name, container["name"])
				}
			}
		}
	}
	if pods != 3 {
		t.Errorf("%d kinds of pods, want api, worker and migrate", pods)
	}
}

func TestDockerfileEndsWithoutRoot(t *testing.T) {
	t.Parallel()
	text := deployed(t, "deploy/Dockerfile")["deploy/Dockerfile"]
	instruction := regexp.MustCompile(`^(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD) `)
	last := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !instruction.MatchString(line) {
			t.Errorf("%q is no instruction", line)
		}
		key, value, _ := strings.Cut(line, " ")
		last[key] = value
	}
	if !strings.HasPrefix(last["FROM"], "gcr.io/distroless/static") || last["USER"] != "65532:65532" {
		t.Errorf("the image is built on %s and runs as %s", last["FROM"], last["USER"])
	}
	var command []string
	if err := json.Unmarshal([]byte(last["CMD"]), &command); err != nil {
		t.Fatal(err)
	}
	helps(t, buildProgram(t), command)
	helps(t, buildProgram(t), []string{"healthcheck"})
}

func TestAlertsAskForMetricsThatAreServedAndHaveARunbook(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	manual, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	text := deployed(t, "deploy/prometheus/alerts.yml")["deploy/prometheus/alerts.yml"]
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &rules); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			n++
			asks(t, r.Alert, r.Expr, served)
			if !slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
				t.Errorf("%s lacks its severity or its summary", r.Alert)
			}
			if !strings.Contains(string(manual), "**"+r.Alert+"**") {
				t.Errorf("docs/operations.md does not say what to do about %s", r.Alert)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d alerts", n)
	}
}

func TestTheDashboardAsksForMetricsThatAreServed(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	for name, text := range deployed(t, "deploy/grafana/*.json") {
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(text), &board); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range board.Panels {
			for _, target := range p.Targets {
				asks(t, name+" "+p.Title, target.Expr, served)
			}
		}
	}
}

// asks checks that an expression parses and that its metrics are served.
func asks(t *testing.T, where, expr string, served map[string]bool) {
	t.Helper()
	parsed, err := metricsql.Parse(expr)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		m, ok := e.(*metricsql.MetricExpr)
		if !ok || len(m.LabelFilterss) == 0 {
			return
		}
		for _, f := range m.LabelFilterss[0] {
			if f.Label == "__name__" && f.Value != "up" && !served[f.Value] {
				t.Errorf("%s asks for %s, which is not served", where, f.Value)
			}
		}
	})
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func servedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	base := startDev(t)
	for _, path := range []string{"/", "/metrics"} { // the first makes a request to measure
		fetch(t, base+path)
	}
	served := map[string]bool{}
	for line := range strings.Lines(fetch(t, base+"/metrics")) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "# TYPE "), " "); ok && strings.HasPrefix(line, "# TYPE ") {
			for _, suffix := range []string{"", "_count", "_bucket", "_sum"} {
				served[name+suffix] = true
			}
		}
	}
	return served
}
