// Package option reads the options of a program from the tags of struct fields.
//
// A field with a key tag is an option. Structs without a key are searched for
// options, so that the options of a program are a tree of the Options of its
// packages. The tags are:
//
//	key    the full name in files: "shards", or "limits.connections" in a section
//	doc    what the option means, in one line
//	unit   what a number counts: bytes, count or the name of what is counted; bytes may
//	       be given with a unit, as 64MiB
//	min    the least value, max the greatest
//	oneof  the only values of a text, separated by commas, or @ and the name of a
//	       list that whoever reads the keys knows, which doc may name too
//	flag   the command line flag, short its letter
//	per    "run" for an amount that all shards of a run share
//	secret "true" for a value that is not shown
//	is     "path" for a text that is a path, or a list whose first element is one: ~
//	       and environment variables are replaced in it; "paths" for a list of them
//	opens  "to write" for a path that is written, not read
//
// Other fields without a key are not options: callbacks, seeds and values that one
// package sets for another. The key "-" excludes a struct. Reflection is used only
// at the start of a program.
package option

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key describes one option.
type Key struct {
	// Name is the full name in files, such as "timeouts.tcp_attempt_delay".
	Name string
	// Path is the field in the struct that was walked, such as "Dissect.Conn.TCPAttempt".
	// Names of embedded structs are not part of it.
	Path string
	// Flag and Short are the command line flag and its letter, "" for none.
	Flag, Short string
	// Doc and Unit are the tags of these names.
	Doc, Unit string
	// OneOf lists the allowed values of a text; nil allows any.
	OneOf []string
	// Choices is "@" and the name of the list of allowed values, if the tag
	// names one.
	Choices string
	// Min and Max bound a number. Bounded reports whether the field states a bound itself.
	Min, Max int64
	Bounded  bool
	// PerRun marks an amount that the shards of a run share.
	PerRun bool
	// Secret marks a value that nothing shows.
	Secret bool
	// IsPath is set for a path, or a list whose first element is one.
	IsPath bool
	// ArePaths is set for a list of paths.
	ArePaths bool
	// IsWritten is set for a path that the program writes.
	IsWritten bool
	// Type is the type of the field.
	Type reflect.Type

	index []int // of the field, for FieldByIndex
}

// Keys lists the options of the struct type t in the order of its fields. It
// panics on a tag that it cannot read. The list is shared, so it must not be changed.
func Keys(t reflect.Type) []Key {
	if list, ok := keys.Load(t); ok {
		return list.([]Key)
	}
	list := slices.Clip(appendKeys(make([]Key, 0, most(t)), t, "", nil))
	keys.Store(t, list)
	return list
}

// keys are the results of Keys by type. A start asks for most of them several times.
var keys sync.Map

// appendKeys appends the keys of t's fields.
func appendKeys(list []Key, t reflect.Type, path string, index []int) []Key {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		within := f.Name
		switch {
		case f.Anonymous:
			within = path
		case path != "":
			within = path + "." + f.Name
		}
		k := makeKey(f.Type, f.Tag)
		switch {
		case k.Name == "-":
		case k.Name != "":
			k.Path, k.index = within, append(slices.Clip(index), i)
			list = append(list, k)
		case isWalked(f.Type):
			list = appendKeys(list, f.Type, within, append(slices.Clip(index), i))
		}
	}
	return list
}

// isWalked reports whether fields of type t may have keys.
func isWalked(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]()
}

// most returns a number of keys that t's fields do not exceed by far.
func most(t reflect.Type) int {
	n := 0
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case !f.IsExported():
		case f.Tag == "" && isWalked(f.Type):
			n += most(f.Type)
		default:
			n++
		}
	}
	return n
}

// makeKey returns the key of a field, without a name if it has none. It reads the tag once:
// asking it for one name after the other would read the texts of doc a dozen times.
func makeKey(t reflect.Type, tag reflect.StructTag) Key {
	k := Key{Max: math.MaxInt64, Type: t}
	for name, value, rest := cutTag(string(tag)); name != ""; name, value, rest = cutTag(rest) {
		k.set(name, value)
	}
	return k
}

// cutTag returns the first pair of a tag and what follows it. The name is "" at the end and
// where the tag is not of Go's form.
func cutTag(tag string) (name, value, rest string) {
	name, rest, ok := strings.Cut(strings.TrimLeft(tag, " "), ":")
	if !ok || rest == "" {
		return "", "", ""
	}
	if text, after, ok := strings.Cut(rest[1:], `"`); ok && rest[0] == '"' && strings.IndexByte(text, '\\') < 0 {
		return name, text, after
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", "", ""
	}
	value, _ = strconv.Unquote(quoted)
	return name, value, rest[len(quoted):]
}

// set sets what a pair of the tag says.
func (k *Key) set(name, value string) {
	switch name {
	case "key":
		k.Name = value
	case "flag":
		k.Flag = value
	case "short":
		k.Short = value
	case "doc":
		k.Doc = value
	case "unit":
		k.Unit = value
	case "per":
		k.PerRun = value == "run"
	case "secret":
		k.Secret = value == "true"
	case "is":
		k.IsPath, k.ArePaths = value == "path", value == "paths"
	case "opens":
		k.IsWritten = value == "to write"
	case "oneof":
		if strings.HasPrefix(value, "@") {
			k.Choices = value
		} else if value != "" {
			k.OneOf = strings.Split(value, ",")
		}
	case "min":
		k.bound(name, value, &k.Min)
	case "max":
		k.bound(name, value, &k.Max)
	}
}

func (k *Key) bound(tag, value string, to *int64) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		panic("option: tag " + tag + " of " + k.Name + ": " + err.Error())
	}
	*to, k.Bounded = n, true
}

// Section returns the part of the name before the dot, or "" if there is none.
func (k *Key) Section() string {
	section, _, ok := strings.Cut(k.Name, ".")
	if !ok {
		return ""
	}
	return section
}

// Base returns the name within the section.
func (k *Key) Base() string { return k.Name[strings.LastIndexByte(k.Name, '.')+1:] }

// IsList reports whether the value is a list.
func (k *Key) IsList() bool { return k.Type.Kind() == reflect.Slice }

// Field returns the field of k in the struct that to points to. The struct must
// have the type whose keys were listed.
func (k *Key) Field(to any) reflect.Value { return reflect.ValueOf(to).Elem().FieldByIndex(k.index) }

// Find returns the key with the given name, or nil.
func Find(keys []Key, name string) *Key {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &keys[i]
}

// Check checks the bounds of the numbers, durations and choices of the struct
// that o points to. It returns the first violation with its key, which the error
// does not name.
func Check(o any) (*Key, error) {
	list := Keys(reflect.TypeOf(o).Elem())
	for i := range list {
		k := &list[i]
		if err := k.check(k.Field(o)); err != nil {
			return k, err
		}
	}
	return nil, nil
}

func (k *Key) check(field reflect.Value) error {
	switch v := field.Interface().(type) {
	case time.Duration:
		if v < 0 {
			return fmt.Errorf("want a duration that is not negative, got %s", v)
		}
	case int:
		return k.inRange(int64(v))
	case uint64:
		return k.inRange(int64(min(v, math.MaxInt64)))
	case string:
		return k.oneOf(v)
	}
	return nil
}

func (k *Key) inRange(n int64) error {
	if n < k.Min || n > k.Max {
		return fmt.Errorf("%d is out of range: the least is %d, the most %d", n, k.Min, k.Max)
	}
	return nil
}

// Divide returns o with every amount that all shards of a run share divided by n,
// but at least 1.
func Divide[T any](o T, n int) T {
	for _, k := range Keys(reflect.TypeFor[T]()) {
		if !k.PerRun {
			continue
		}
		switch p := k.Field(&o).Addr().Interface().(type) {
		case *int:
			*p = max(*p/n, 1)
		case *uint64:
			*p = max(*p/uint64(n), 1)
		default:
			panic("option: " + k.Name + " is shared by shards and no number")
		}
	}
	return o
}
