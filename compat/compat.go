// Package compat lists where wirelog knowingly does better than a release of Zeek, and
// lets a run do as that release does instead.
//
// Each Effect is one such place. A Set says in which of them a run follows Zeek: the zero
// Set in none, which is the default, and Zeek82 in all of which the table says so.
package compat

import (
	"fmt"
	"strings"
)

// An Effect is a place where wirelog differs from Zeek by default.
type Effect uint8

// The effects. The comment of each says what Zeek does, which is what a Set with the
// effect brings back.
const (
	NTLMFailedLogin Effect = iota
	ExtractedName
	LinkTypes
	effects
)

// table has the name and the description of each effect.
var table = [effects]Info{
	ExtractedName:   {"extracted_name", "names of extracted files have no extension, and files.log has the name alone, instead of the path with the extension of the media type"},
	NTLMFailedLogin: {"ntlm_failed_login", "ntlm.log has no success for a login that SMB's status refuses, instead of F (zeek#3956)"},
	LinkTypes:       {"link_types", "packets of a link type that Zeek does not know are taken for IP packets, instead of being decoded or left out with exit status 1 (zeek#1995)"},
}

// Info describes an effect.
type Info struct {
	Name string // in documentation
	Doc  string // what Zeek does, and what wirelog does by default
}

// Effects describes all effects, in the order of their numbers.
func Effects() []Info { return append([]Info(nil), table[:]...) }

// A Set is a set of effects.
type Set uint64

// Has reports whether Zeek's behaviour is in effect at e.
func (s Set) Has(e Effect) bool { return s&(1<<e) != 0 }

// Names of sets.
const (
	None   = "none"     // wirelog's own behaviour
	Zeek82 = "zeek-8.2" // that of Zeek 8.2
)

// Names lists the names that Parse knows.
func Names() []string { return []string{None, Zeek82} }

// Parse returns the set of a name of Names. The empty name is None.
func Parse(name string) (Set, error) {
	switch name {
	case "", None:
		return 0, nil
	case Zeek82:
		return 1<<effects - 1, nil
	}
	return 0, fmt.Errorf("there is no compatibility %q: want one of %s", name, strings.Join(Names(), ", "))
}
