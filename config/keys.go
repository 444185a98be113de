package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wirelog/wirelog/pipeline"
)

// EnvPrefix is the prefix of the program's environment variables.
const EnvPrefix = "WIRELOG_"

// Key describes one key of the configuration; it is made from the tags of its field.
type Key struct {
	Name  string // "timeouts.tcp_attempt_delay"
	Flag  string // "" if there is none
	Short string
	Doc   string
	OneOf []string
	Min   int64
	Max   int64

	index []int // of the field, for package reflect
	typ   reflect.Type
}

// Section is a named group of keys; the first has no name.
type Section struct {
	Name string
	Doc  string
	Keys []Key
}

// sections lists all keys in the order of Config's fields.
var sections = func() []Section {
	list := []Section{{}}
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("key") == "" {
			continue // Outputs has its own rules
		}
		if f.Type.Kind() != reflect.Struct || f.Type == reflect.TypeFor[time.Time]() {
			list[0].Keys = append(list[0].Keys, makeKey("", f))
			continue
		}
		s := Section{Name: f.Tag.Get("key"), Doc: f.Tag.Get("doc")}
		for j := range f.Type.NumField() {
			k := makeKey(s.Name+".", f.Type.Field(j))
			k.index = []int{i, j}
			s.Keys = append(s.Keys, k)
		}
		list = append(list, s)
	}
	return list
}()

// formatsTag stands for the values of pipeline.Formats in tags.
const formatsTag = "@formats"

// alternatives returns the names as "a, b or c".
func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func makeKey(prefix string, f reflect.StructField) Key {
	k := Key{
		Name:  prefix + f.Tag.Get("key"),
		Flag:  f.Tag.Get("flag"),
		Short: f.Tag.Get("short"),
		Doc:   f.Tag.Get("doc"),
		Max:   int64(^uint64(0) >> 1),
		index: f.Index,
		typ:   f.Type,
	}
	switch s := f.Tag.Get("oneof"); s {
	case "":
	case formatsTag:
		k.OneOf = pipeline.Formats()
		k.Doc = strings.ReplaceAll(k.Doc, formatsTag, alternatives(k.OneOf))
	default:
		k.OneOf = strings.Split(s, ",")
	}
	for name, to := range map[string]*int64{"min": &k.Min, "max": &k.Max} {
		if s, ok := f.Tag.Lookup(name); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				panic("config: tag " + name + " of " + k.Name + ": " + err.Error())
			}
			*to = n
		}
	}
	return k
}

// Sections returns all keys by section, in the order of display.
func Sections() []Section { return sections }

func allKeys() []Key {
	var list []Key
	for _, s := range sections {
		list = append(list, s.Keys...)
	}
	return list
}

// Env returns the environment variable of k.
func (k Key) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

func (k Key) field(c *Config) reflect.Value { return k.fieldOf(c) }

// fieldOf returns the field of k in the struct that to points to.
func (k Key) fieldOf(to any) reflect.Value {
	return reflect.ValueOf(to).Elem().FieldByIndex(k.index)
}

// keysOf returns the keys of a struct from the tags of its fields, including embedded
// structs.
func keysOf(t reflect.Type) []Key {
	var list []Key
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("key") != "" {
			list = append(list, makeKey("", f))
		}
	}
	return list
}

// AddFlags adds a flag for every key that has one, and --config.
func AddFlags(fs *pflag.FlagSet) {
	def := Default()
	fs.String("config", "", "configuration `file`, YAML or TOML (default: wirelog.yaml or wirelog.toml here, in the user's configuration folder or in /etc/wirelog)")
	for _, k := range allKeys() {
		if k.Flag == "" {
			continue
		}
		field := k.field(&def)
		value := &flagValue{list: k.typ.Kind() == reflect.Slice, kind: kindName(k)}
		if !field.IsZero() {
			value.text = text(field)
		}
		f := fs.VarPF(value, k.Flag, k.Short, k.Doc)
		if k.typ.Kind() == reflect.Bool {
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

// kindName returns the name of a key's type for usage lines.
func kindName(k Key) string {
	switch k.typ {
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch k.typ.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int:
		return "number"
	case reflect.Slice:
		return "names"
	default:
		return "text"
	}
}
