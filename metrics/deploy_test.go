package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/writers"
)

// served are the names of all metrics of the program.
func served(t *testing.T) (names []string) {
	s := listen(t, Options{})
	s.Status(pipeline.Status{
		LastPacket: s.began, Dropped: map[string]uint64{"x": 1}, Shards: []uint64{1}, State: map[string]uint64{"x": 1},
		Gauges: map[string]map[string]uint64{"x": {"x": 1}},
		Jobs:   []int{1}, Results: []int{1}, Shed: map[string]uint64{"x": 1}, Filter: "tcp",
		Source:  capture.Stats{Interfaces: []capture.InterfaceStats{{Name: "x", Filter: capture.FilterKernel}}},
		Streams: []writers.StreamStats{{Log: "x", Dropped: [writers.MaxReasons]uint64{1}, Marks: []writers.MarkCount{{Name: "x"}}}},
	})
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{s, "", ""})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		names = append(names, f.GetName())
	}
	return names
}

// The alert rules and the dashboard ask for metrics that there are, and the dashboard and the
// documentation have all of them.
func TestDeployedNames(t *testing.T) {
	names := served(t)
	for file, all := range map[string]bool{"../deploy/alerts.yaml": false, "../deploy/dashboard.json": false, "../docs/watching.md": true} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var used []string
		for _, name := range regexp.MustCompile(`wirelog_[a-z_]+`).FindAllString(string(b), -1) {
			used = append(used, name)
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		for _, name := range names {
			if all && !slices.Contains(used, name) {
				t.Errorf("%s: %s is not documented", file, name)
			}
		}
	}
}

// The dashboard is one that Grafana can import: panels with an identity and a query each.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile("../deploy/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID, Title string
		Panels     []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range d.Panels {
		if seen[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q: the identity is there twice, or there is no query", p.ID, p.Title)
		}
		seen[p.ID] = true
	}
	if len(seen) < 15 || d.UID == "" || d.Title == "" {
		t.Errorf("%d panels", len(seen))
	}
}
