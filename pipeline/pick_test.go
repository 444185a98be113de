package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func names(list []*schemas.Schema) string {
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	return strings.Join(names, ",")
}

// TestPickLogs has the logs of a run and of one of its outputs.
func TestPickLogs(t *testing.T) {
	known, err := schemas.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	plain := names(known.Default())
	without := func(name string) string {
		return strings.ReplaceAll(","+plain+",", ","+name+",", ",")
	}
	for _, c := range []struct {
		logs, optional, output string
		run, taken             string // of the output
		err                    string
	}{
		{run: plain, taken: plain},
		{logs: "conn,ssl,ssh,dns,http,smb,modbus", run: "conn,ssl,ssh,dns,http,smb_files,smb_mapping,modbus", taken: "conn,ssl,ssh,dns,http,smb_files,smb_mapping,modbus"},
		{logs: "krb,tls,dcerpc", run: "kerberos,ssl,dce_rpc", taken: "kerberos,ssl,dce_rpc"},
		{logs: "+smb_cmd", run: plain + ",smb_cmd", taken: plain + ",smb_cmd"},
		{logs: "default,known_modbus", run: plain + ",known_modbus", taken: plain + ",known_modbus"},
		{optional: "known_modbus", run: plain + ",known_modbus", taken: plain + ",known_modbus"},
		{logs: "+known_modbus", optional: "known_modbus", run: plain + ",known_modbus", taken: plain + ",known_modbus"},
		{logs: "-weird", run: without("weird"), taken: without("weird")},
		{logs: "none"},
		{logs: "all", run: names(known.All()), taken: names(known.All())},
		{logs: "smb_*", run: "smb_cmd,smb_files,smb_mapping", taken: "smb_cmd,smb_files,smb_mapping"},
		{logs: "conn,smb_files", output: "smb", run: "conn,smb_files", taken: "smb_files"},
		{logs: "conn,dns", output: "-dns", run: "conn,dns", taken: "conn"},
		{logs: "conn,dns", output: "all", run: "conn,dns", taken: "conn,dns"},
		{logs: "conn,dns", output: "http", err: `"http" is not among the logs of the run`},
		{logs: "conn,dns", output: "smb", err: `"smb" stands for smb_files, smb_mapping, of which none`},
		{output: "smb_cmd", run: plain + ",smb_cmd", taken: "smb_cmd"},
		{output: "+smb_cmd,-conn", run: plain + ",smb_cmd", taken: strings.Trim(without("conn"), ",") + ",smb_cmd"},
		{logs: "pop3", err: "pop3 has no log of its own: its connections are in conn"},
		{logs: "smbb", err: `unknown log "smbb"`},
	} {
		o := Defaults()
		o.Logs, o.OptionalLogs = words(c.logs), words(c.optional)
		o.Outputs = []Output{{Type: "tsv", Logs: words(c.output)}}
		var cfg writers.Config
		errs := o.writerOutputs(&cfg)
		if c.err != "" {
			if len(errs) == 0 || !strings.Contains(errs[0].Error(), c.err) {
				t.Errorf("%+v: errors %v", c, errs)
			}
			continue
		}
		if len(errs) > 0 {
			t.Errorf("%+v: %v", c, errs)
			continue
		}
		if run, taken := names(cfg.Logs), names(cfg.Outputs[0].Logs); run != strings.Trim(c.run, ",") || taken != strings.Trim(c.taken, ",") {
			t.Errorf("logs %q, output %q:\nrun   %s\ntaken %s", c.logs, c.output, run, taken)
		}
	}
}

// TestProtocolsInOutputs has names of protocols before columns and conditions.
func TestProtocolsInOutputs(t *testing.T) {
	o := Defaults()
	o.Logs = words("smb,conn")
	o.Outputs = []Output{{
		Type: "tsv", Drop: []string{"smb:share_type"}, Rename: []string{"smb:path=unc"},
		Where: map[string]string{"smb": `uid != ""`, "smb_files": `size > 5`},
	}}
	var cfg writers.Config
	if errs := o.writerOutputs(&cfg); len(errs) > 0 {
		t.Fatal(errs)
	}
	w := &cfg.Outputs[0]
	if !slices.Equal(w.Fields.Drop, []string{"smb_mapping:share_type"}) ||
		!slices.Equal(w.Fields.Rename, []string{"smb_files:path=unc", "smb_mapping:path=unc"}) {
		t.Errorf("%+v", w.Fields)
	}
	if len(w.Where) != 2 || w.Where["smb_files"] != `size > 5` || w.Where["smb_mapping"] != `uid != ""` {
		t.Errorf("%q", w.Where)
	}
	o.Outputs[0].Drop = []string{"smb:sharetype"}
	if errs := o.writerOutputs(new(writers.Config)); len(errs) != 1 || !strings.Contains(errs[0].Error(), `has a column "smb:sharetype"; did you mean share_type?`) {
		t.Error(errs)
	}
}

// TestEveryProtocolHasLogs checks that the name of each analyzer can be used where logs are
// named, or says why not.
func TestEveryProtocolHasLogs(t *testing.T) {
	known, err := schemas.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Analyzers() {
		_, err := known.Pick([]string{name}, nil, nil)
		if err != nil && !strings.Contains(err.Error(), "has no log of its own") {
			t.Errorf("%s: %v: add it to the table of package schemas", name, err)
		}
	}
}

// TestUnattachedAnalyzers has logs that are named although their analyzer is not attached.
func TestUnattachedAnalyzers(t *testing.T) {
	for _, c := range []struct{ logs, analyzers, want string }{
		{"dns,conn", "", ""},
		{"dns,conn", "-dns", "dns: no analyzer of the log is attached: --analyzers +dns attaches it"},
		{"-weird", "-dns", ""},
		{"ssl", "-dtls", ""},
		{"tls", "-tls", "ssl: no analyzer of the log is attached: --analyzers +dtls,+ssl attaches it"},
		{"smb_cmd,weird", "none", "smb_cmd: no analyzer of the log is attached: --analyzers +smb attaches it"},
	} {
		var notices []string
		runOn(t, []string{"../testdata/tiny.pcap"}, func(o *Options) {
			o.Logs, o.Dissect.Analyzers = words(c.logs), words(c.analyzers)
			o.Notice = func(msg string) { notices = append(notices, msg) }
		})
		if got := strings.Join(notices, "\n"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
