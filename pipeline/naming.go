package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas/cim"
	"github.com/wirelog/wirelog/schemas/ecs"
	"github.com/wirelog/wirelog/schemas/mapping"
	"github.com/wirelog/wirelog/schemas/ocsf"
)

// Names of columns in JSON.
const (
	NamingZeek = "zeek"
	NamingECS  = "ecs"
	NamingOCSF = "ocsf"
	NamingCIM  = "cim"
)

// Namings are the schemas of others that a naming can name.
func Namings() []*mapping.Naming { return []*mapping.Naming{&ecs.Naming, &ocsf.Naming, &cim.Naming} }

// NamingNames are the values of naming.
func NamingNames() []string {
	names := []string{NamingZeek}
	for _, n := range Namings() {
		names = append(names, n.Name)
	}
	return names
}

// lookupNaming returns the schema that name stands for, or nil for Zeek's own names.
func lookupNaming(name string) (*mapping.Naming, error) {
	for _, n := range Namings() {
		if n.Name == name {
			return n, nil
		}
	}
	if name == NamingZeek || name == "" {
		return nil, nil
	}
	return nil, fmt.Errorf("naming: want one of %s, got %q%s", strings.Join(NamingNames(), ", "), name, nearest.Hint(name, NamingNames()))
}

var errNaming = errors.New("naming: ecs, ocsf and cim have times of their own, and no streaming form")
