package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/writers"
)

// identity returns the identity of a run with Parquet files.
func identity(t *testing.T, change func(*Options)) string {
	t.Helper()
	o := Defaults()
	o.Format, o.Sensor = FormatParquet, "tap"
	change(&o)
	list, err := o.outputs()
	if err != nil {
		t.Fatal(err)
	}
	var cfg writers.Config
	if errs := o.writerOutputs(&cfg); len(errs) > 0 {
		t.Fatal(errs)
	}
	if err := o.identify(cfg.Outputs, list, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	return cfg.Outputs[0].RunID
}

// TestIdentity checks what makes a run the same as another one.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	a, b := file("captures/a.pcap", large), file("other/b.pcap", large)
	large[len(large)-1] = 'x'
	c := file("c.pcap", large)
	want := identity(t, func(o *Options) { o.Paths = []string{a} })
	if len(want) != 12 {
		t.Errorf("identity %q", want)
	}
	file("captures/conn.log", []byte("of the run"))
	file("captures/.wirelog/x.run", []byte("of the run"))
	for name, tt := range map[string]struct {
		change func(*Options)
		same   bool
	}{
		"another name and place":    {func(o *Options) { o.Paths = []string{b} }, true},
		"a folder with logs in it":  {func(o *Options) { o.Paths = []string{filepath.Dir(a)} }, true},
		"shards, folder, overwrite": {func(o *Options) { o.Shards, o.OutputDir, o.Overwrite = 3, dir, true }, true},
		"permissions":               {func(o *Options) { o.FileMode = "0600" }, true},
		"other contents":            {func(o *Options) { o.Paths = []string{c} }, false},
		"twice":                     {func(o *Options) { o.Paths = []string{a, a} }, false},
		"seed":                      {func(o *Options) { o.Seed = "x" }, false},
		"columns":                   {func(o *Options) { o.Columns = []string{"community-id"} }, false},
		"checksums":                 {func(o *Options) { o.Dissect.Packet.IgnoreChecksums = true }, false},
		"sensor":                    {func(o *Options) { o.Sensor = "other" }, false},
		"settings of the output": {func(o *Options) {
			s := defaultParquet(dir)
			s.Flat = true
			o.Outputs = []Output{{Type: FormatParquet, Settings: s}}
		}, false},
		"where, of the output": {func(o *Options) {
			o.Outputs = []Output{{Type: FormatParquet, Where: map[string]string{"conn": "duration > 1"}}}
		}, false},
		"name of the output":       {func(o *Options) { o.Outputs = []Output{{Type: FormatParquet, Name: "lake"}} }, true},
		"another output beside it": {func(o *Options) { o.Outputs = []Output{{Type: FormatParquet}, {Type: FormatTSV}} }, true},
	} {
		got := identity(t, func(o *Options) {
			o.Paths = []string{a}
			tt.change(o)
		})
		if (got == want) != tt.same {
			t.Errorf("%s: identity %s, before %s", name, got, want)
		}
	}
	live := identity(t, func(o *Options) { o.Paths = []string{"-"} })
	if !strings.HasPrefix(live, "20231114T221320Z-") {
		t.Errorf("identity of standard input: %q", live)
	}
}
