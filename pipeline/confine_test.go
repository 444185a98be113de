package pipeline

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/writers"
)

// watched is an input that tells whether it has been read.
type watched struct {
	io.Reader
	read bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.read = true
	return w.Reader.Read(p)
}

// TestConfine: the hook is called when outputs are open, and before input is read or anything is
// replaced.
func TestConfine(t *testing.T) {
	capture, err := os.ReadFile("../testdata/dns.pcap")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, fail := range []error{nil, errors.New("refused")} {
		in := &watched{Reader: strings.NewReader(string(capture))}
		o := Defaults()
		o.Paths, o.Stdin, o.OutputDir, o.Overwrite = []string{"-"}, in, filepath.Join(dir, "logs"), true
		calls := 0
		o.Confine = func(n Needs) error {
			calls++
			if in.read {
				t.Error("input was read before")
			}
			if fi, err := os.Stat(o.OutputDir); err != nil || !fi.IsDir() {
				t.Errorf("no folder for logs: %v", err)
			}
			if !slices.Equal(n.Write, []string{o.OutputDir}) || len(n.Read) > 0 || n.Network {
				t.Errorf("%+v", n)
			}
			if made := fail == nil; made != slices.Equal(n.Prune, []string{dir}) {
				t.Errorf("folders below which some are made: %q", n.Prune)
			}
			return fail
		}
		_, err := Run(t.Context(), o)
		var option *OptionError
		if calls != 1 || !errors.Is(err, fail) || (fail != nil) != errors.As(err, &option) || in.read == (fail != nil) {
			t.Errorf("%d calls, read: %v, %v", calls, in.read, err)
		}
		if _, err := os.Stat(filepath.Join(o.OutputDir, "dns.log")); err != nil {
			t.Error("replaced, or not written: ", err)
		}
	}
}

// TestConfineFolder: files of a folder are looked at after the hook, and what an earlier run has
// written stays if there is nothing to read.
func TestConfineFolder(t *testing.T) {
	dir := t.TempDir()
	in, logs := filepath.Join(dir, "in"), filepath.Join(dir, "logs")
	if err := errors.Join(os.Mkdir(in, 0o755), os.WriteFile(filepath.Join(in, "text"), []byte("no capture"), 0o644)); err != nil {
		t.Fatal(err)
	}
	target, err := filepath.Abs("../testdata/dns.pcap")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(in, "link.pcap")
	run := func(confine func(Needs) error) error {
		o := Defaults()
		o.Paths, o.OutputDir, o.Overwrite, o.Confine = []string{in}, logs, true, confine
		_, err := Run(t.Context(), o)
		return err
	}
	err = run(func(n Needs) error {
		if !slices.Equal(n.Read, []string{in}) {
			t.Errorf("read %q", n.Read)
		}
		return os.Symlink(target, link)
	})
	if err != nil {
		t.Error(err)
	}
	written, err := os.ReadFile(filepath.Join(logs, "dns.log"))
	if err != nil {
		t.Fatal(err)
	}
	err = run(func(n Needs) error {
		if !slices.Equal(n.Read, []string{in, link}) {
			t.Errorf("read %q", n.Read)
		}
		return os.Remove(link)
	})
	if err == nil || !strings.Contains(err.Error(), "no capture in this directory") {
		t.Errorf("no capture: %v", err)
	}
	if again, err := os.ReadFile(filepath.Join(logs, "dns.log")); err != nil || string(again) != string(written) {
		t.Errorf("the log of the run before: %v", err)
	}
	for _, wrong := range []func(*Options){
		func(o *Options) { o.Paths = []string{filepath.Join(dir, "none")} },
		func(o *Options) { o.Filter = "what" },
		func(o *Options) { o.Paths = []string{logs + "/.."}; o.Paths[0] = t.TempDir() },
	} {
		o := Defaults()
		o.Paths, o.OutputDir = []string{in}, filepath.Join(dir, "other")
		o.Confine = func(Needs) error { t.Error("confined"); return nil }
		wrong(&o)
		var option *OptionError
		if _, err := Run(t.Context(), o); !errors.As(err, &option) {
			t.Errorf("%v", err)
		}
		if _, err := os.Stat(o.OutputDir); err == nil {
			t.Error("the folder of logs was made for a run that could not begin")
		}
	}
}

// TestLogsBesideCaptures: what a run writes is none of its input.
func TestLogsBesideCaptures(t *testing.T) {
	text, err := os.ReadFile("../testdata/dns.pcap")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.pcap"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.Paths, o.OutputDir = []string{dir}, dir
	o.Notice = func(msg string) { t.Error(msg) }
	if s, err := Run(t.Context(), o); err != nil || s.Files != 1 {
		t.Errorf("%d files, %v", s.Files, err)
	}
}

func TestNeeds(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	files := func(f FileSettings) *TSVSettings { return &TSVSettings{f} }
	for name, test := range map[string]struct {
		change      func(*Options)
		read, write []string
		commands    int
	}{
		"folder":         {func(o *Options) {}, []string{"x.pcap"}, []string{"logs"}, 0},
		"file":           {func(o *Options) { o.OutputPath = "conn.log"; o.Logs = []string{"conn"} }, []string{"x.pcap"}, []string{"conn.log"}, 0},
		"output":         {func(o *Options) { o.OutputPath = "-"; o.Logs = []string{"conn"}; o.Paths = []string{"-"} }, nil, nil, 0},
		"parquet":        {func(o *Options) { o.Format = FormatParquet }, []string{"x.pcap"}, []string{"logs"}, 0},
		"arrow file":     {func(o *Options) { o.Format = FormatArrow; o.OutputPath = "a.arrow"; o.Logs = []string{"conn"} }, []string{"x.pcap"}, []string{"a.arrow"}, 0},
		"brokers":        {func(o *Options) { o.Kafka = []string{"localhost:9092"} }, []string{"x.pcap"}, nil, 0},
		"events":         {func(o *Options) { o.EventsFile = "e.json" }, []string{"x.pcap"}, []string{"logs", "e.json"}, 0},
		"extracted":      {func(o *Options) { o.Dissect.Files.Extract = []string{"*/*"}; o.Dissect.Files.ExtractDir = at("files") }, []string{"x.pcap"}, []string{"logs", at("files")}, 0},
		"not extracted":  {func(o *Options) { o.Dissect.Files.ExtractDir = at("files") }, []string{"x.pcap"}, []string{"logs"}, 0},
		"follow":         {func(o *Options) { o.Follow = true; o.Paths = []string{dir} }, []string{dir}, []string{"logs", "logs"}, 0},
		"follow, move":   {func(o *Options) { o.Follow = true; o.Paths = []string{dir}; o.Followed.MoveTo = at("done") }, []string{dir}, []string{"logs", "logs", at("done"), dir}, 0},
		"follow, delete": {func(o *Options) { o.Follow = true; o.Paths = []string{dir}; o.Followed.Delete = true }, []string{dir}, []string{"logs", "logs", dir}, 0},
		"defaults":       {func(o *Options) { o.Outputs = []Output{{Type: FormatJSON}} }, []string{"x.pcap"}, []string{"."}, 0},
		"several": {func(o *Options) {
			k := defaultKafka()
			k.Brokers, k.TLS, k.SASL, k.SASLUser = []string{"localhost:9092"}, true, "plain", "u"
			k.Aside, k.Spool, k.TLSCA, k.PasswordFile = at("aside/f"), at("spool"), at("tls/ca.pem"), at("secret/p")
			o.Outputs = []Output{
				{Type: FormatTSV, Settings: files(FileSettings{Dir: at("tsv"), Command: []string{"gzip", "-9"}})},
				{Type: FormatTSV, Logs: []string{"conn"}, Settings: files(FileSettings{Dir: ".", Path: at("one.log")})},
				{Type: TypeKafka, Settings: k},
			}
		}, []string{"x.pcap", at("tls"), at("secret")}, []string{at("tsv"), at("one.log"), at("aside/f"), at("spool")}, 1},
	} {
		o := Defaults()
		o.Paths, o.OutputDir = []string{"x.pcap"}, "logs"
		test.change(&o)
		n, err := o.Needs()
		if brokers := name == "brokers" || name == "several"; brokers != slices.Equal(n.Ports, []uint16{9092}) || brokers != n.Network {
			t.Errorf("%s: %+v", name, n)
		}
		if err != nil || !slices.Equal(n.Read, test.read) || !slices.Equal(n.Write, test.write) || len(n.Commands) != test.commands {
			t.Errorf("%s: %+v, %v\nwant %q, %q", name, n, err, test.read, test.write)
		}
	}
	var option *OptionError
	if _, err := (&Options{Outputs: []Output{{Type: "what"}}}).Needs(); !errors.As(err, &option) {
		t.Errorf("a type that there is not: %v", err)
	}
}

// reacher is a place that knows its ports.
type reacher struct {
	writers.Place
	ports []uint16
	all   bool
}

func (r reacher) Ports() ([]uint16, bool) { return r.ports, r.all }

func TestNeedsPorts(t *testing.T) {
	var n Needs
	n.addPorts([]writers.Output{{Name: "files"}})
	if n.Network {
		t.Error("files need the network")
	}
	n.addPorts([]writers.Output{{Name: "a", Place: reacher{ports: []uint16{1, 2}, all: true}}, {Name: "b", Place: reacher{ports: []uint16{3}}}})
	if !n.Network || !slices.Equal(n.Ports, []uint16{1, 2, 3}) || !slices.Equal(n.PortsUnknown, []string{"b"}) {
		t.Errorf("%+v", n)
	}
}
