package columnar

import (
	"encoding/json"

	"github.com/wirelog/wirelog/schemas"
)

// Keys of what files of columnar formats tell of themselves.
const (
	MetaLog     = "wirelog.log"
	MetaSensor  = "wirelog.sensor"
	MetaVersion = "wirelog.version"
	// MetaFields and MetaTypes are JSON arrays: the columns' names in Zeek's order and
	// their types as Zeek writes them, so that a Zeek log can be made again.
	MetaFields = "zeek.fields"
	MetaTypes  = "zeek.types"
)

// Pair is a key with its value.
type Pair struct{ Key, Value string }

// Metadata is what a file with rows of s tells of itself.
func Metadata(s *schemas.Schema, sensor, version string) []Pair {
	var names, types []string
	for i := range s.Fields {
		f := &s.Fields[i]
		names, types = append(names, f.Name), append(types, f.ZeekType())
	}
	return []Pair{{MetaLog, s.Name}, {MetaSensor, sensor}, {MetaVersion, version}, {MetaFields, array(names)}, {MetaTypes, array(types)}}
}

func array(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always can be
	}
	return string(b)
}

// Described returns the log that a file's metadata names, "" for none, and the columns
// that they list; none if they do not, or not as Metadata does.
func Described(meta map[string]string) (log string, fields []schemas.Field) {
	var names, types []string
	if json.Unmarshal([]byte(meta[MetaFields]), &names) != nil || json.Unmarshal([]byte(meta[MetaTypes]), &types) != nil || len(names) != len(types) {
		return meta[MetaLog], nil
	}
	for i, name := range names {
		f := schemas.Field{Name: name, Unsettable: true}
		f.Kind, f.Container, _ = schemas.ParseZeekType(types[i])
		fields = append(fields, f)
	}
	return meta[MetaLog], fields
}
