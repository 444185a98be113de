package event

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Info describes an event of the catalogue.
type Info struct {
	Name    string // Zeek's name
	Section string // protocol that it belongs to
	Params  []Param
	// Doc says what raises the event: a sentence that begins with "Raised".
	Doc string
	// Deprecated events are no longer part of Zeek, or discouraged there.
	Deprecated bool
	// Own events are wirelog's, not Zeek's.
	Own bool
	// Built reports whether an analyzer of this build raises the event.
	Built bool
}

// Param is a parameter of an event.
type Param struct {
	Name string
	Type string // Zeek's name of the type
}

// builtEvent is an event that has a struct.
type builtEvent struct {
	info   Info
	count  func(*Hooks) uint64
	stream func(*Hooks, *Stream)
}

// Catalogue returns all events, by name. The slice is shared and must not be
// changed.
func Catalogue() []Info { return catalogue() }

// catalogueText has the events that have no struct yet. A line in brackets
// names the section of those that follow; every other line is an event:
//
//	name(param: type, ...): what raises it, to be read after "Raised".
//
// An exclamation mark before the name marks a deprecated event.
//
//go:embed catalogue.txt
var catalogueText string

var catalogue = sync.OnceValue(func() []Info {
	infos, err := parseCatalogue(catalogueText)
	if err != nil {
		panic(err)
	}
	for i := range built {
		infos = append(infos, built[i].info)
	}
	slices.SortFunc(infos, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return infos
})

func parseCatalogue(text string) ([]Info, error) {
	var infos []Info
	section, n := "", 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if s, ok := strings.CutPrefix(line, "["); ok {
			if section, ok = strings.CutSuffix(s, "]"); !ok {
				return nil, fmt.Errorf("catalogue.txt:%d: section without a closing bracket", n)
			}
			continue
		}
		info, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("catalogue.txt:%d: %w", n, err)
		}
		if section == "" {
			return nil, fmt.Errorf("catalogue.txt:%d: event outside a section", n)
		}
		info.Section = section
		infos = append(infos, info)
	}
	return infos, nil
}

func parseEntry(line string) (Info, error) {
	head, doc, ok := strings.Cut(line, "): ")
	name, params, ok2 := strings.Cut(head, "(")
	if !ok || !ok2 || name == "" || doc == "" {
		return Info{}, fmt.Errorf("%q is not of the form name(params): text", line)
	}
	info := Info{Doc: "Raised " + doc}
	info.Name, info.Deprecated = strings.CutPrefix(name, "!")
	for p := range strings.SplitSeq(params, ", ") {
		if params == "" {
			break
		}
		pname, ptype, ok := strings.Cut(p, ": ")
		if !ok || pname == "" || ptype == "" {
			return Info{}, fmt.Errorf("parameter %q is not of the form name: type", p)
		}
		info.Params = append(info.Params, Param{Name: pname, Type: ptype})
	}
	return info, nil
}
