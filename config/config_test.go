package config

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/dissect/link/tunnel"
	"github.com/wirelog/wirelog/dissect/proto/bittorrent"
	"github.com/wirelog/wirelog/dissect/proto/dcerpc"
	"github.com/wirelog/wirelog/dissect/proto/dnp3"
	"github.com/wirelog/wirelog/dissect/proto/dns"
	"github.com/wirelog/wirelog/dissect/proto/ftp"
	"github.com/wirelog/wirelog/dissect/proto/gnutella"
	"github.com/wirelog/wirelog/dissect/proto/http"
	"github.com/wirelog/wirelog/dissect/proto/http2"
	"github.com/wirelog/wirelog/dissect/proto/ike"
	"github.com/wirelog/wirelog/dissect/proto/irc"
	"github.com/wirelog/wirelog/dissect/proto/krb"
	"github.com/wirelog/wirelog/dissect/proto/login"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/mqtt"
	"github.com/wirelog/wirelog/dissect/proto/ncp"
	"github.com/wirelog/wirelog/dissect/proto/netbios"
	"github.com/wirelog/wirelog/dissect/proto/ntp"
	"github.com/wirelog/wirelog/dissect/proto/oncrpc"
	"github.com/wirelog/wirelog/dissect/proto/pop3"
	"github.com/wirelog/wirelog/dissect/proto/quic"
	"github.com/wirelog/wirelog/dissect/proto/redis"
	"github.com/wirelog/wirelog/dissect/proto/sip"
	"github.com/wirelog/wirelog/dissect/proto/smb"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/ssh"
	"github.com/wirelog/wirelog/dissect/proto/stun"
	"github.com/wirelog/wirelog/dissect/proto/syslog"
	"github.com/wirelog/wirelog/dissect/proto/tftp"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/dissect/proto/watch"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/value"
)

// alone gives the test a working directory and a user configuration folder without
// files, and an environment without the program's variables.
func alone(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(t.TempDir(), "config"))
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, envPrefix) {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, args ...string) (*Loaded, error) {
	t.Helper()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	return Load(fs)
}

func mustLoad(t *testing.T, args ...string) *Loaded {
	t.Helper()
	l, err := load(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDefaults(t *testing.T) {
	alone(t)
	l := mustLoad(t)
	if !reflect.DeepEqual(l.Config, defaultConfig()) {
		t.Errorf("got %+v", l.Config)
	}
	if l.File != "" {
		t.Errorf("file %q", l.File)
	}
}

// Every key can be set by each source, and a stronger source overrides a weaker one.
func TestPrecedence(t *testing.T) {
	alone(t)
	write(t, "wirelog.yaml", "format: json\nshards: 3\nseed: file\n")
	t.Setenv("WIRELOG_SHARDS", "4")
	t.Setenv("WIRELOG_SEED", "env")
	l := mustLoad(t, "--seed", "flag")
	if l.Format != "json" || l.Shards != 4 || l.Seed != "flag" {
		t.Errorf("format %q, shards %d, seed %q", l.Format, l.Shards, l.Seed)
	}
	for key, want := range map[string]string{
		"output_dir": "default",
		"format":     "file wirelog.yaml",
		"shards":     "env WIRELOG_SHARDS",
		"seed":       "flag --seed",
	} {
		if got := l.source(key).String(); got != want {
			t.Errorf("source of %s: %q, want %q", key, got, want)
		}
	}
}

func TestFileFormats(t *testing.T) {
	for name, content := range map[string]string{
		"wirelog.yaml": "logs: [conn, weird]\nno_checksums: true\nopen_time: 2026-09-22T07:00:00Z\nlocal_nets: [192.0.2.1/24]\ntimeouts:\n  tcp_inactivity_timeout: 90s\nlimits:\n  connections: 1000\nweird:\n",
		"wirelog.yml":  "logs: conn,weird\nno_checksums: true\nopen_time: \"2026-09-22T07:00:00Z\"\nlocal_nets: 192.0.2.0/24\ntimeouts: {tcp_inactivity_timeout: 1m30s}\nlimits: {connections: 1000}\n",
		"wirelog.toml": "logs = ['conn', 'weird']\nno_checksums = true\nopen_time = 2026-09-22T07:00:00Z\nlocal_nets = ['192.0.2.0/24']\n[timeouts]\ntcp_inactivity_timeout = '90s'\n[limits]\nconnections = 1_000\n",
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			write(t, name, content)
			l := mustLoad(t)
			want := defaultConfig()
			want.Logs = []string{"conn", "weird"}
			want.Dissect.Packet.IgnoreChecksums = true
			want.OpenTime = time.Date(2026, 9, 22, 7, 0, 0, 0, time.UTC)
			want.LocalNets = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			want.Dissect.Conn.TCPInactivity = 90 * time.Second
			want.Dissect.Conn.Connections = 1000
			if !l.OpenTime.Equal(want.OpenTime) {
				t.Errorf("open_time %v", l.OpenTime)
			}
			l.OpenTime = want.OpenTime
			if !reflect.DeepEqual(l.Config, want) {
				t.Errorf("got  %+v\nwant %+v", l.Config, want)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	alone(t)
	user := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "wirelog", "wirelog.toml")
	write(t, user, "seed = 'user'\n")
	if l := mustLoad(t); l.Seed != "user" || l.File != user {
		t.Errorf("seed %q of %q", l.Seed, l.File)
	}
	write(t, "wirelog.toml", "seed = 'here'\n")
	if l := mustLoad(t); l.Seed != "here" {
		t.Errorf("seed %q: the current directory comes first", l.Seed)
	}
	write(t, "env.yaml", "seed: env\n")
	t.Setenv("WIRELOG_CONFIG", "env.yaml")
	if l := mustLoad(t); l.Seed != "env" {
		t.Errorf("seed %q: WIRELOG_CONFIG comes before a search", l.Seed)
	}
	write(t, "flag.yaml", "seed: flag\n")
	if l := mustLoad(t, "--config", "flag.yaml"); l.Seed != "flag" {
		t.Errorf("seed %q: --config comes before WIRELOG_CONFIG", l.Seed)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name       string
		file, text string
		env        [2]string
		args       []string
		want       []string
	}{
		{name: "unknown key", file: "wirelog.yaml", text: "ouput_dir: x\n",
			want: []string{"wirelog.yaml: unknown key ouput_dir; did you mean output_dir?"}},
		{name: "unknown key in a section", file: "wirelog.toml", text: "[timeouts]\ntcp_inactivity = '5m'\n",
			want: []string{"wirelog.toml: unknown key timeouts.tcp_inactivity; did you mean timeouts.tcp_inactivity_timeout?"}},
		{name: "key outside its section", file: "wirelog.yaml", text: "udp_inactivity_timeout: 5m\n",
			want: []string{"unknown key udp_inactivity_timeout; did you mean timeouts.udp_inactivity_timeout?"}},
		{name: "key like nothing", file: "wirelog.yaml", text: "zzzzzzzzzzzz: 5m\n",
			want: []string{"wirelog.yaml: unknown key zzzzzzzzzzzz\n"}},
		{name: "value for a section", file: "wirelog.yaml", text: "limits: 5\n",
			want: []string{"wirelog.yaml: limits is a section: want keys below it, got 5"}},
		{name: "section for a value", file: "wirelog.yaml", text: "shards: {a: 1}\n",
			want: []string{"wirelog.yaml: shards: want a whole number, got a list or section"}},
		{name: "text for a number", file: "wirelog.yaml", text: "shards: many\n",
			want: []string{`wirelog.yaml: shards: want a whole number, got "many"`}},
		{name: "fraction for a number", file: "wirelog.yaml", text: "shards: 1.5\n",
			want: []string{"shards: want a whole number, got 1.5"}},
		{name: "quoted number", file: "wirelog.yaml", text: "shards: '2'\n",
			want: []string{`shards: want a whole number, got "2"`}},
		{name: "negative", file: "wirelog.yaml", text: "shards: -1\n",
			want: []string{"shards: -1 is out of range"}},
		{name: "limit of nothing", file: "wirelog.yaml", text: "limits: {connections: 0}\n",
			want: []string{"limits.connections: 0 is out of range: the least is 1"}},
		{name: "number for text", file: "wirelog.yaml", text: "seed: 12\n",
			want: []string{"seed: want text; put it in quotes"}},
		{name: "bool", file: "wirelog.toml", text: "no_checksums = 'x'\n",
			want: []string{`no_checksums: want true or false, got "x"`}},
		{name: "duration without a unit", file: "wirelog.yaml", text: "timeouts: {tcp_attempt_delay: 5}\n",
			want: []string{"timeouts.tcp_attempt_delay: want a duration such as 90s or 5m, got 5"}},
		{name: "network", file: "wirelog.yaml", text: "local_nets: [10.0.0.0]\n",
			want: []string{`local_nets: want a network such as 192.0.2.0/24, got "10.0.0.0"`}},
		{name: "list of numbers", file: "wirelog.yaml", text: "logs: [1]\n",
			want: []string{"logs: want a list of texts, got 1 in it"}},
		{name: "time", args: []string{"--open-time", "noon"},
			want: []string{`--open-time: want a time such as`}},
		{name: "choice", args: []string{"--format", "jsn"},
			want: []string{`--format: want one of tsv, json, csv, parquet, arrow, got "jsn"; did you mean json?`}},
		{name: "bool flag", args: []string{"--no-checksums=maybe"},
			want: []string{"want true or false"}},
		{name: "variable", env: [2]string{"WIRELOG_SHARDS", "x"},
			want: []string{`WIRELOG_SHARDS: want a whole number, got "x"`}},
		{name: "unknown variable", env: [2]string{"WIRELOG_OUTPUT_DIRECTORY", "x"},
			want: []string{"environment: unknown variable WIRELOG_OUTPUT_DIRECTORY; did you mean WIRELOG_OUTPUT_DIR?"}},
		{name: "several at once", file: "wirelog.yaml", text: "sed: x\nshards: y\n", env: [2]string{"WIRELOG_FORMAT", "z"},
			want: []string{"unknown key sed; did you mean seed?", "shards: want", "WIRELOG_FORMAT: want one of"}},
		{name: "log", file: "wirelog.yaml", text: "logs: [conn, wierd]\n",
			want: []string{`wirelog.yaml: logs: unknown log "wierd"; did you mean weird?`}},
		{name: "event", args: []string{"--event", "tcp_pakcet"},
			want: []string{`--event: unknown event "tcp_pakcet"; did you mean tcp_packet?`}},
		{name: "event pattern", args: []string{"--event", "[a"},
			want: []string{`--event: "[a" is not a glob pattern`}},
		{name: "columns", args: []string{"--columns", "community_id"},
			want: []string{`--columns: unknown group of columns "community_id"; did you mean community-id?`}},
		{name: "syntax", file: "wirelog.yaml", text: "a: [\n", want: []string{"wirelog.yaml:1: did not find expected node content"}},
		{name: "syntax of TOML", file: "wirelog.toml", text: "a = \n", want: []string{"wirelog.toml:1: "}},
		{name: "two files", file: "wirelog.yaml", text: "", args: []string{"--config", "gone.yaml"},
			want: []string{"gone.yaml: no such file"}},
		{name: "other extension", args: []string{"--config", "wirelog.ini"},
			want: []string{"wirelog.ini: a configuration file ends in one of"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			alone(t)
			if c.file != "" {
				write(t, c.file, c.text)
			}
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			_, err := load(t, c.args...)
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "\n"
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("got %q, want %q in it", got, w)
				}
			}
			if n := strings.Count(got, "\n"); n != len(c.want) {
				t.Errorf("%d lines, want %d:\n%s", n, len(c.want), got)
			}
		})
	}
}

func TestTwoFilesSideBySide(t *testing.T) {
	alone(t)
	write(t, "wirelog.yaml", "")
	write(t, "wirelog.toml", "")
	if _, err := load(t); err == nil || !strings.Contains(err.Error(), "wirelog.yaml and wirelog.toml both exist") {
		t.Errorf("got %v", err)
	}
}

// The output of Write is a configuration file with the same values.
func TestWriteRoundTrip(t *testing.T) {
	alone(t)
	args := []string{"--logs", "conn,weird", "--event", "tcp_*", "--event", "icmp_*", "--open-time", "2026-09-22T07:00:00Z",
		"--filter", `host 192.0.2.1 and "x" # \ é`, "-C", "--shards=2", "--seed", "s"}
	t.Setenv("WIRELOG_TIMEOUTS_TCP_ATTEMPT_DELAY", "1500ms")
	t.Setenv("WIRELOG_LOCAL_NETS", "192.0.2.0/24,2001:db8:1::/48")
	want := mustLoad(t, args...)
	if len(want.EventNames) != 2 {
		t.Errorf("event names %q: a repeated flag adds up", want.EventNames)
	}
	for _, format := range FileFormats() {
		var b bytes.Buffer
		if err := want.Write(&b, format, 0); err != nil {
			t.Fatal(err)
		}
		alone(t)
		path := write(t, "c."+format, b.String())
		got := mustLoad(t, "--config", path)
		if !got.OpenTime.Equal(want.OpenTime) {
			t.Errorf("%s: open_time %v", format, got.OpenTime)
		}
		got.OpenTime = want.OpenTime
		if got.Seed != "" {
			t.Errorf("%s: the seed is shown", format)
		}
		got.Seed = want.Seed
		if len(got.Columns) == 0 {
			got.Columns = nil
		}
		if !reflect.DeepEqual(got.Config, want.Config) {
			t.Errorf("%s:\n%s\ngot  %+v\nwant %+v", format, b.String(), got.Config, want.Config)
		}
		if !strings.Contains(b.String(), "# env WIRELOG_TIMEOUTS_TCP_ATTEMPT_DELAY") || !strings.Contains(b.String(), "# flag --shards") || !strings.Contains(b.String(), "# default") {
			t.Errorf("%s: sources are missing:\n%s", format, b.String())
		}
	}
	if err := want.Write(&bytes.Buffer{}, "ini", 0); err == nil {
		t.Error("unknown format: no error")
	}
}

// Each option is documented, has the bounds that its kind needs and a default within
// them, and is named, as key and as variable, without ambiguity.
func TestKeys(t *testing.T) {
	seen := map[string]string{}
	unique := func(what, path string) {
		if other, ok := seen[what]; ok {
			t.Errorf("%s: %s has it too", path, other)
		}
		seen[what] = path
	}
	sectionNames := map[string]bool{}
	for _, s := range sections {
		if len(s.Keys) == 0 || sectionNames[s.Name] || s.Name != "" && s.Doc == "" {
			t.Errorf("section %q: no keys, or not documented, or there twice", s.Name)
		}
		sectionNames[s.Name] = true
	}
	for _, k := range allKeys() {
		checkKey(t, &k.Key)
		unique("key "+k.Name, k.Path)
		unique("variable "+k.Env(), k.Path)
		if k.Flag != "" {
			unique("flag "+k.Flag, k.Path)
		}
		if k.Short != "" {
			unique("flag "+k.Short, k.Path)
		}
		if sectionNames[k.Name] {
			t.Errorf("%s is a key and a section", k.Name)
		}
	}
	for _, typ := range pipeline.OutputTypes() {
		settings, err := pipeline.NewSettings(typ.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range option.Keys(reflect.TypeOf(settings).Elem()) {
			checkKey(t, &k)
			unique(typ.Name+" "+k.Name, k.Path)
		}
		if k, err := option.Check(settings); err != nil {
			t.Errorf("default of %s of type %s: %v", k.Name, typ.Name, err)
		}
	}
	def := defaultConfig()
	if k, err := option.Check(&def); err != nil {
		t.Errorf("default of %s: %v", k.Name, err)
	}
	// A key that no flag has set still takes the text of its default.
	for _, k := range allKeys() {
		c := defaultConfig()
		if err := k.Set(&c, k.Text(&def), true); err != nil || k.Text(&c) != k.Text(&def) {
			t.Errorf("%s: %q became %q: %v", k.Name, k.Text(&def), k.Text(&c), err)
		}
	}
}

func checkKey(t *testing.T, k *option.Key) {
	t.Helper()
	if k.Doc == "" || k.Name == "" || k.Name != strings.ToLower(k.Name) || strings.Count(k.Name, ".") > 1 {
		t.Errorf("%s: key %q, doc %q", k.Path, k.Name, k.Doc)
	}
	switch kind := k.Kind(); {
	case kind == "number", kind == "bytes":
		if !k.Bounded || k.Unit == "" || k.Min < 0 && !strings.Contains(k.Doc, "-1 is none") || k.Min > k.Max {
			t.Errorf("%s (%s): a number needs a least value and a unit", k.Name, k.Path)
		}
	case k.Bounded || k.Unit != "" || k.PerRun:
		t.Errorf("%s (%s): unit, bounds and division among shards are for numbers", k.Name, k.Path)
	case k.OneOf != nil && kind != "text":
		t.Errorf("%s (%s): a choice is a text", k.Name, k.Path)
	}
}

// An embedder who starts from the defaults of a run, or of a package, has those of the
// command, which "wirelog config" prints.
func TestDefaultsAreTheCommands(t *testing.T) {
	alone(t)
	want := pipeline.Defaults()
	l := mustLoad(t)
	if got := l.RunOptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("options of the default configuration:\n%+v\nwant the defaults of a run:\n%+v", got, want)
	}
	for _, format := range FileFormats() {
		var b bytes.Buffer
		if err := l.Write(&b, format, 0); err != nil {
			t.Fatal(err)
		}
		printed := mustLoad(t, "--config", write(t, "printed."+format, b.String()))
		for _, k := range allKeys() {
			def := defaultConfig()
			if got, want := k.Text(&printed.Config), k.Text(&def); got != want {
				t.Errorf("%s: %s is printed as %q, and its default is %q", format, k.Name, got, want)
			}
		}
	}
	def := want.Dissect
	for name, c := range map[string]struct{ got, want any }{
		"dissect":     {dissect.DefaultOptions(), def},
		"conn":        {conn.DefaultOptions(), def.Conn},
		"packet":      {packet.DefaultOptions(), def.Packet},
		"files":       {files.DefaultOptions(), def.Files},
		"dcerpc":      {dcerpc.DefaultOptions(), def.DCERPC},
		"ftp":         {ftp.DefaultOptions(), def.FTP},
		"irc":         {irc.DefaultOptions(), def.IRC},
		"login":       {login.DefaultOptions(), def.Login},
		"pop3":        {pop3.DefaultOptions(), def.POP3},
		"redis":       {redis.DefaultOptions(), def.Redis},
		"mqtt":        {mqtt.DefaultOptions(), def.MQTT},
		"tftp":        {tftp.DefaultOptions(), def.TFTP},
		"quic":        {quic.DefaultOptions(), def.QUIC},
		"http2":       {http2.DefaultOptions(), def.HTTP2},
		"stun":        {stun.DefaultOptions(), def.STUN},
		"ike":         {ike.DefaultOptions(), def.IKE},
		"smb":         {smb.DefaultOptions(), def.SMB},
		"smtp":        {smtp.DefaultOptions(), def.SMTP},
		"contentline": {contentline.DefaultOptions(), def.Lines},
		"mime":        {mime.DefaultOptions(), def.MIME},
		"mail":        {mail.DefaultOptions(), def.Mail},
		"ssh":         {ssh.DefaultOptions(), def.SSH},
		"tls":         {tls.DefaultOptions(), def.TLS},
		"x509":        {x509.DefaultOptions(), def.X509},
		"tunnel":      {tunnel.DefaultOptions(), def.Tunnel},
		"dns":         {dns.DefaultOptions(), def.DNS},
		"dnp3":        {dnp3.DefaultOptions(), def.DNP3},
		"sip":         {sip.DefaultOptions(), def.SIP},
		"rpc":         {oncrpc.DefaultOptions(), def.RPC},
		"krb":         {krb.DefaultOptions(), def.KRB},
		"ntp":         {ntp.DefaultOptions(), def.NTP},
		"syslog":      {syslog.DefaultOptions(), def.Syslog},
		"ncp":         {ncp.DefaultOptions(), def.NCP},
		"bittorrent":  {bittorrent.DefaultOptions(), def.BitTorrent},
		"netbios":     {netbios.DefaultOptions(), def.NetBIOS},
		"gnutella":    {gnutella.DefaultOptions(), def.Gnutella},
		"watch":       {watch.DefaultOptions(), def.Watch},
		"detect":      {detect.DefaultOptions(), def.Detect},
		"http":        {http.DefaultOptions(), def.HTTP},
		"logs":        {logs.DefaultLimits(), want.Rows},
		"reports":     {logs.DefaultReports(), want.Reports},
		"ldap":        {logs.DefaultLDAPOptions(), want.LDAP},
		"writers":     {value.DefaultSampling(), def.Conn.Weirds},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, and the command's are %+v", name, c.got, c.want)
		}
	}
	parts := 0
	for _, f := range reflect.VisibleFields(reflect.TypeOf(def)) {
		if f.Type.Kind() == reflect.Struct && len(f.Index) == 1 {
			parts++
		}
	}
	if parts != 38 {
		t.Errorf("dissect.Options has %d parts: is each of them above?", parts)
	}
}

func TestPrivateAddressSpace(t *testing.T) {
	local := defaultConfig()
	nets := local.RunOptions().LocalNets
	in := func(s string) bool {
		a := netip.MustParseAddr(s)
		for _, n := range nets {
			if n.Contains(a) {
				return true
			}
		}
		return false
	}
	for s, want := range map[string]bool{
		"10.1.2.3": true, "192.168.0.1": true, "172.31.0.1": true, "172.32.0.1": false, "8.8.8.8": false,
		"fe80::1": true, "::1": true, "2002:a01:203::1": true, "2002:808:808::": false, "2607::1": false, "255.255.255.255": true,
	} {
		if in(s) != want {
			t.Errorf("%s: local is %v", s, !want)
		}
	}
	local.PrivateSpaceIsLocal = false
	if n := local.RunOptions().LocalNets; len(n) != 0 {
		t.Errorf("local networks without private space: %v", n)
	}
}

func TestWrapComments(t *testing.T) {
	text := "limits:\n  # one two three four five six seven eight nine\n  key: \"a value that is longer than the terminal is wide\" # default\n"
	want := "limits:\n  # one two three four five six seven\n  # eight nine\n  key: \"a value that is longer than the terminal is wide\" # default\n"
	if got := wrapComments(text, 40); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := wrapComments(text, 0); got != text {
		t.Errorf("without a width: got\n%s", got)
	}
}

// A seed given by any means is not printed, and the printed configuration can be read.
func TestSeedIsNotShown(t *testing.T) {
	alone(t)
	for _, as := range FileFormats() {
		var b strings.Builder
		if err := mustLoad(t, "--seed", "hunter2").Write(&b, as, 0); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "given (flag --seed), and not shown") {
			t.Errorf("%s:\n%s", as, text)
		}
		write(t, "printed."+as, b.String())
		if l := mustLoad(t, "--config", "printed."+as); l.Seed != "" {
			t.Errorf("%s: seed %q", as, l.Seed)
		}
	}
}
