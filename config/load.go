package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/internal/printable"
)

// sourceKind is the kind of source of a value. A later kind overrides an earlier one.
type sourceKind uint8

// The kinds, from weakest to strongest.
const (
	fromDefault sourceKind = iota
	fromFile
	fromEnv
	fromFlag
)

// String returns "default", "file", "env" or "flag".
func (o sourceKind) String() string { return [...]string{"default", "file", "env", "flag"}[o] }

// valueSource is where a value came from.
type valueSource struct {
	kind sourceKind
	// name is the file, variable or flag, or "" for a default.
	name string
}

// String returns "default", "file wirelog.yaml", "env WIRELOG_FORMAT" or "flag --format".
func (s valueSource) String() string {
	return printable.Text(strings.TrimSuffix(s.kind.String()+" "+s.name, " "))
}

// Loaded is a configuration with the sources of its values.
type Loaded struct {
	Config
	// File is the configuration file that was read, or "".
	File string
	// Notes are about files that were left out, a line each.
	Notes []string

	sources map[string]valueSource
}

// source returns where the value of a key came from.
func (l *Loaded) source(key string) valueSource { return l.sources[key] }

// Load builds the configuration: flags (of a set prepared by AddFlags, or nil) override
// environment variables, which override a file, which overrides the defaults.
//
// The file is the one named by --config or WIRELOG_CONFIG, else the first wirelog.yaml,
// wirelog.yml or wirelog.toml in one of searchDirs, else none. All mistakes are reported
// together, one per line, each with its place and key.
func Load(flags *pflag.FlagSet) (*Loaded, error) {
	path, notes, err := findFile(flags)
	if err != nil {
		return nil, err
	}
	v := viper.New()
	if path != "" {
		v.SetConfigFile(path)
		if err := v.ReadInConfig(); err != nil {
			return nil, fileError(path, err)
		}
	}
	// This must come before flags and variables are bound, as those would count as keys
	// too.
	errs := append(unknownFileKeys(v, path), unknownVariables()...)

	l := &Loaded{Config: defaultConfig(), File: path, Notes: notes, sources: map[string]valueSource{}}
	errs = append(errs, l.loadOutputs(v)...)
	for _, k := range allKeys() {
		source, err := bind(v, k, flags)
		if err != nil {
			return nil, err
		}
		if source.kind == fromDefault && v.InConfig(k.Name) && v.Get(k.Name) != nil {
			source = valueSource{fromFile, path}
		}
		l.sources[k.Name] = source
		if source.kind == fromDefault {
			continue
		}
		raw := v.Get(k.Name)
		if text, ok := raw.(string); ok && source.kind == fromFlag && k.IsList() && strings.Trim(text, ", ") == "" {
			errs = append(errs, fmt.Errorf("%s: the list is empty: leave the flag out for the default", l.place(k.Name)))
			continue
		}
		if err := k.Set(&l.Config, raw, source.kind != fromFile); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.place(k.Name), err))
		}
	}
	errs = append(errs, l.shortForm()...)
	if len(errs) == 0 {
		errs = l.check()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return l, nil
}

// bind lets k take its value from the environment or a flag, and returns which of them
// has one.
func bind(v *viper.Viper, k Key, flags *pflag.FlagSet) (valueSource, error) {
	if err := v.BindEnv(k.Name, k.Env()); err != nil {
		return valueSource{}, err
	}
	if flags != nil && k.Flag != "" {
		if f := flags.Lookup(k.Flag); f != nil {
			if err := v.BindPFlag(k.Name, f); err != nil {
				return valueSource{}, err
			}
			if f.Changed {
				return valueSource{fromFlag, "--" + k.Flag}, nil
			}
		}
	}
	if os.Getenv(k.Env()) != "" {
		return valueSource{fromEnv, k.Env()}, nil
	}
	return valueSource{}, nil
}

// place names a key in the way its author wrote it.
func (l *Loaded) place(key string) string {
	s := l.source(key)
	if s.kind == fromFile {
		return s.name + ": " + key
	}
	return s.name
}

// Place names what sets the field of pipeline.Options with that path, such as
// "Dissect.Files.Hash": a key of a file, a variable or a flag. It is "" if no key does, as for the captures.
func (l *Loaded) Place(field string) string {
	if strings.HasPrefix(field, outputsKey) {
		return l.File + ": " + field
	}
	keys := allKeys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Path == field })
	if i < 0 {
		return ""
	}
	key := keys[i].Name
	if l.source(key).kind == fromDefault {
		return key
	}
	return l.place(key)
}

// searchDirs returns the folders that are searched for a configuration file: the current
// one, wirelog in $XDG_CONFIG_HOME (or ~/.config), and /etc/wirelog.
func searchDirs() []string {
	dirs := []string{"."}
	if d, err := os.UserConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(d, "wirelog"))
	}
	return append(dirs, "/etc/wirelog")
}

var fileTypes = []string{".yaml", ".yml", ".toml"}

// findFile returns the configuration file, or "". The notes are about files that are not
// read because they cannot be and nobody asked for them.
func findFile(flags *pflag.FlagSet) (path string, notes []string, err error) {
	path = os.Getenv(envPrefix + "CONFIG")
	if flags != nil {
		if f := flags.Lookup("config"); f != nil && f.Changed {
			if path = f.Value.String(); path == "" {
				return "", nil, errors.New("--config: want the path of a file")
			}
		}
	}
	if path != "" {
		if path, err = option.ExpandPath(path); err != nil {
			return "", nil, err
		}
		if !slices.Contains(fileTypes, filepath.Ext(path)) {
			return "", nil, fmt.Errorf("%s: a configuration file ends in one of %s", path, strings.Join(fileTypes, ", "))
		}
		return path, nil, nil
	}
	skip := func(p string, err error) {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		notes = append(notes, fmt.Sprintf("%s: not read: %v", p, err))
	}
	for _, dir := range searchDirs() {
		var found []string
		for _, ext := range fileTypes {
			p := filepath.Join(dir, "wirelog"+ext)
			st, err := os.Stat(p)
			if err == nil && !st.IsDir() {
				err = tryFile(p)
			}
			switch {
			case err == nil && !st.IsDir():
				found = append(found, p)
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				skip(p, err)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], notes, nil
		default:
			return "", nil, fmt.Errorf("%s both exist: keep one, or choose one with --config", strings.Join(found, " and "))
		}
	}
	return "", notes, nil
}

// tryFile finds out whether a file can be read. Tests replace it.
var tryFile = func(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// fileError names the file once and puts the message on one line.
func fileError(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var parse viper.ConfigParseError
	if errors.As(err, &parse) && parse.Unwrap() != nil {
		err = parse.Unwrap()
		if text, readErr := os.ReadFile(path); readErr == nil {
			return syntaxError(path, text, err)
		}
	}
	return fmt.Errorf("%s: %s", path, strings.Join(strings.Fields(err.Error()), " "))
}

// parserPrefix is what parsers put before their messages, where their line may be that of
// the beginning of what they were in.
var parserPrefix = regexp.MustCompile(`^(yaml|toml): |unmarshal errors: |line \d+(, column \d+)?: `)

// excluded is an element such as !dns of a list, which YAML takes for the tag of a value.
var excluded = regexp.MustCompile(`[\[, ]!([a-z][a-z0-9_*-]*)`)

// syntaxError names the line with which a file stops being one that can be parsed: the
// first after the longest beginning that can be.
func syntaxError(path string, text []byte, err error) error {
	lines := bytes.SplitAfter(text, []byte("\n"))
	n := len(lines) - 1
	for ; n > 0; n-- {
		v := viper.New()
		v.SetConfigType(strings.TrimPrefix(filepath.Ext(path), "."))
		if v.ReadConfig(bytes.NewReader(bytes.Join(lines[:n], nil))) == nil {
			break
		}
	}
	msg := parserPrefix.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "")
	if filepath.Ext(path) != ".toml" {
		if name := excluded.FindStringSubmatch(string(lines[n])); name != nil {
			msg += fmt.Sprintf("; a name with ! needs quotes here: '!%[1]s', or -%[1]s", name[1])
		}
	}
	return fmt.Errorf("%s:%d: %s", path, n+1, msg)
}

func unknownFileKeys(file *viper.Viper, path string) []error {
	var names []string
	for _, k := range allKeys() {
		names = append(names, k.Name)
	}
	isSection := func(name string) bool {
		return slices.ContainsFunc(sections[1:], func(s Section) bool { return s.Name == name })
	}
	var errs []error
	given := file.AllKeys()
	slices.Sort(given)
	for _, name := range given {
		switch {
		case slices.Contains(names, name), name == outputsKey:
		case slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(name, n+".") }):
			// There is a section in place of a value. The check of the value's type
			// reports that.
		case isSection(name):
			if file.Get(name) != nil { // nil is a section without keys
				errs = append(errs, fmt.Errorf("%s: %s is a section: want keys below it, got %s", path, name, option.Show(file.Get(name))))
			}
		default:
			errs = append(errs, fmt.Errorf("%s: unknown key %s%s", path, name, nearest.Hint(name, append(names, outputsKey))))
		}
	}
	return errs
}

func unknownVariables() []error {
	known := []string{envPrefix + "CONFIG"}
	for _, k := range allKeys() {
		known = append(known, k.Env())
	}
	var errs []error
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("environment: unknown variable %s%s", name, nearest.Hint(name, known)))
		}
	}
	return errs
}
