// Package metadata says what the files of columnar formats tell of themselves.
package metadata

import (
	"encoding/json"

	"github.com/wirelog/wirelog/writers"
)

// Keys of the metadata.
const (
	Log     = "wirelog.log"
	Sensor  = "wirelog.sensor"
	Version = "wirelog.version"
	// Fields and Types are JSON arrays: the columns' names in Zeek's order and
	// their types as Zeek writes them, so that a Zeek log can be made again.
	Fields = "zeek.fields"
	Types  = "zeek.types"
)

// Pair is a key with its value.
type Pair struct{ Key, Value string }

// Of returns the metadata of files of a stream.
func Of(info *writers.StreamInfo) []Pair {
	var names, types []string
	for i := range info.Schema.Fields {
		f := &info.Schema.Fields[i]
		names, types = append(names, f.Name), append(types, f.ZeekType())
	}
	return []Pair{{Log, info.Log}, {Sensor, info.Sensor}, {Version, info.Version}, {Fields, array(names)}, {Types, array(types)}}
}

func array(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always can be
	}
	return string(b)
}
