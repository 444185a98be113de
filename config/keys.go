package config

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/pipeline"
)

// envPrefix is the prefix of the program's environment variables.
const envPrefix = "WIRELOG_"

// Key describes one key of the configuration.
type Key struct{ option.Key }

// Section is a named group of keys, which are those whose names begin with its name
// and a dot; the first has no name.
type Section struct {
	Name string
	Doc  string
	Keys []Key
}

// sections lists all keys, by section in this order, in the order of Config's fields.
var sections = gather([]Section{
	{},
	{Name: "backdoor", Doc: "when the watchers BackDoor and InterConn report"},
	{Name: "bittorrent", Doc: "what the events of BitTorrent have"},
	{Name: "detect", Doc: "how much of a connection signatures of protocols are looked for in"},
	{Name: "files", Doc: "what is done with transferred files"},
	{Name: "contents", Doc: "ports whose payload is delivered as events, beside that of the sides in deliver_contents"},
	{Name: "dns", Doc: "which records of DNS messages are read"},
	{Name: "http", Doc: "what is done with URIs and bodies of HTTP"},
	{Name: "krb", Doc: "how Kerberos is read"},
	{Name: "ldap", Doc: "what ldap.log and ldap_search.log have"},
	{Name: "metrics", Doc: "where the program tells how it does"},
	{Name: "mime", Doc: "segments of mails"},
	{Name: "nfs", Doc: "what the events of NFS have"},
	{Name: "interconn", Doc: "what the watcher InterConn takes for keystrokes"},
	{Name: "sandbox", Doc: "what wirelog read and wirelog listen may do to the system once they have begun"},
	{Name: "smb", Doc: "how SMB is read"},
	{Name: "ssh", Doc: "how SSH is read"},
	{Name: "ssl", Doc: "how SSL and TLS are read"},
	{Name: "listen", Doc: "live capture, by wirelog listen"},
	{Name: "overload", Doc: "what live capture leaves out, in this order, when packets come faster than they can be analyzed"},
	{Name: "follow", Doc: "captures that come into a folder, by wirelog read --follow"},
	{Name: "limits", Doc: "caps on what grows with traffic"},
	{Name: "login", Doc: "lines by which logins of Telnet, rlogin and rsh are recognized; in a text . is any character, ? makes the one before it optional, and \\ takes the next as it is"},
	{Name: "reports", Doc: "times, in packet time, of rows that no packet gives rise to"},
	{Name: "steppingstone", Doc: "what the watcher SteppingStone takes for related connections"},
	{Name: "timeouts", Doc: "times, in packet time, after which state is ended; 0s switches one off"},
	{Name: "unknown_protocol", Doc: "sampling of unknown_protocol in the event stream"},
	{Name: "weird", Doc: "sampling of weirds that repeat"},
})

// gather adds the keys to their sections.
func gather(list []Section) []Section {
	for _, k := range option.Keys(reflect.TypeFor[Config]()) {
		i := slices.IndexFunc(list, func(s Section) bool { return s.Name == k.Section() })
		if i < 0 {
			panic("config: no section for key " + k.Name)
		}
		if k.Choices == formatsTag {
			k.OneOf = pipeline.Formats()
			k.Doc = strings.ReplaceAll(k.Doc, formatsTag, alternatives(k.OneOf))
		}
		list[i].Keys = append(list[i].Keys, Key{k})
	}
	return list
}

// notes are lines about k in listings of the configuration, beside its documentation.
func (k Key) notes() []string {
	if k.Name != "compat" {
		return nil
	}
	var list []string
	for _, e := range compat.Effects() {
		list = append(list, e.Name+": "+e.Doc)
	}
	return list
}

// formatsTag stands for the values of pipeline.Formats in tags.
const formatsTag = "@formats"

// alternatives returns the names as "a, b or c".
func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Sections returns all keys by section, in the order of display.
func Sections() []Section { return sections }

// allKeys returns the keys of all sections. The list is shared.
var allKeys = sync.OnceValue(func() []Key {
	lists := make([][]Key, len(sections))
	for i, s := range sections {
		lists[i] = s.Keys
	}
	return slices.Concat(lists...)
})

// Env returns the environment variable of k.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// KeyOf returns how the setting of Zeek that a key's documentation names is set here, such as
// a flag; "" if no key's does. value is for the example of a variable.
func KeyOf(setting, value string) string {
	names := func(doc string) bool {
		before, after, ok := strings.Cut(doc, setting)
		return ok && (after == "" || strings.ContainsRune("),; ", rune(after[0]))) && !strings.HasSuffix(before, "_")
	}
	for _, k := range allKeys() {
		switch {
		case !names(k.Doc):
		case k.Flag != "":
			return "--" + k.Flag
		default:
			return "the key " + k.Name + ", or " + k.Env() + "=" + value
		}
	}
	for _, t := range pipeline.OutputTypes() {
		settings, err := pipeline.NewSettings(t.Name)
		if err != nil {
			continue
		}
		for _, k := range option.Keys(reflect.TypeOf(settings).Elem()) {
			if names(k.Doc) {
				return "the key " + k.Name + " of an output"
			}
		}
	}
	return ""
}

// AddFlags adds a flag for every key that has one, and --config. without are keys and
// sections whose flags mean nothing to the command.
func AddFlags(fs *pflag.FlagSet, without ...string) {
	def := defaultConfig()
	fs.String("config", "", "configuration `file`, YAML or TOML (default: wirelog.yaml or wirelog.toml here, in the user's configuration folder or in /etc/wirelog)")
	for _, k := range allKeys() {
		if k.Flag == "" || slices.Contains(without, k.Name) || slices.Contains(without, k.Section()) && k.Section() != "" {
			continue
		}
		value := &flagValue{list: k.Type.Kind() == reflect.Slice, kind: k.Kind()}
		if !k.Field(&def).IsZero() {
			value.text = k.Text(&def)
		}
		f := fs.VarPF(value, k.Flag, k.Short, k.Doc)
		if k.Type.Kind() == reflect.Bool {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue keeps a flag's text. Load parses it like an environment variable, so that
// both have the same rules and messages.
type flagValue struct {
	text string
	kind string
	list bool
	set  bool
}

func (v *flagValue) String() string { return v.text }
func (v *flagValue) Type() string   { return v.kind }

func (v *flagValue) Set(s string) error {
	if v.kind == "bool" {
		// viper reads flags of this type itself, and treats invalid values as false.
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("want true or false")
		}
		s = strconv.FormatBool(b)
	}
	if v.list && v.set {
		s = v.text + "," + s
	}
	v.text, v.set = s, true
	return nil
}
