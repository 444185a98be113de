package columnar

import (
	"encoding/json"

	"github.com/wirelog/wirelog/schemas"
)

// Keys of the metadata of columnar files.
const (
	MetaLog = "wirelog.log"
	// MetaSensor is the sensor that wrote the rows.
	MetaSensor  = "wirelog.sensor"
	metaVersion = "wirelog.version"
	// MetaJoined is a JSON array: the names of the files whose rows a file of "convert
	// --compact" has.
	MetaJoined = "wirelog.joined"
	// metaFields and metaTypes are JSON arrays: the columns' names in Zeek's order, and
	// their Zeek types. A Zeek log can be recreated from them.
	metaFields = "zeek.fields"
	metaTypes  = "zeek.types"
)

// Pair is a key with its value.
type Pair struct{ Key, Value string }

// Metadata returns the metadata of a file with rows of s.
func Metadata(s *schemas.Schema, sensor, version string) []Pair {
	var names, types []string
	for i := range s.Fields {
		f := &s.Fields[i]
		names, types = append(names, f.Name), append(types, f.ZeekType())
	}
	return []Pair{{MetaLog, s.Name}, {MetaSensor, sensor}, {metaVersion, version}, {metaFields, array(names)}, {metaTypes, array(types)}}
}

func array(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings can always be encoded
	}
	return string(b)
}

// Described returns the log that a file's metadata names, or "", and the columns that it
// lists, or none if the list is missing or malformed.
func Described(meta map[string]string) (log string, fields []schemas.Field) {
	var names, types []string
	if json.Unmarshal([]byte(meta[metaFields]), &names) != nil || json.Unmarshal([]byte(meta[metaTypes]), &types) != nil || len(names) != len(types) {
		return meta[MetaLog], nil
	}
	for i, name := range names {
		f := schemas.Field{Name: name, Unsettable: true}
		f.Kind, f.Container, _ = schemas.ParseZeekType(types[i])
		fields = append(fields, f)
	}
	return meta[MetaLog], fields
}
