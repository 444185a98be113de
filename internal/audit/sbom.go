package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The parts of CycloneDX 1.6 that are written (cyclonedx.org/docs/1.6/json).
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type     string    `json:"type"`
		Ref      string    `json:"bom-ref"`
		Name     string    `json:"name"`
		Version  string    `json:"version,omitempty"`
		Purl     string    `json:"purl,omitempty"`
		Licenses []license `json:"licenses,omitempty"`
	}
	license struct {
		Expression string `json:"expression"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn,omitempty"`
	}
)

// writeSBOM writes the modules in the program. The same modules give the same bytes.
func writeSBOM(file string) error {
	mods, err := moduleGraph(false)
	if err != nil {
		return err
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return err
	}
	list, err := makeBOM(mods, strings.TrimPrefix(strings.TrimSpace(string(version)), "go"))
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	fmt.Printf("%s lists %d components\n", file, len(list.Components))
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// makeBOM lists the modules and Go's standard library, of the given version.
func makeBOM(mods []*module, goVersion string) (*bom, error) {
	std := component{Type: "library", Ref: "pkg:golang/std@" + goVersion, Name: "std", Version: goVersion,
		Purl: "pkg:golang/std@" + goVersion, Licenses: []license{{"BSD-3-Clause"}}}
	list := &bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Components: []component{std}}
	refs := map[string]string{}
	for _, m := range mods {
		refs[m.Path] = purl(m)
	}
	for _, m := range mods {
		c := component{Type: "library", Ref: refs[m.Path], Name: m.Path, Version: m.Version, Purl: refs[m.Path]}
		on := []string{std.Ref}
		for _, need := range sortedKeys(m.needs) {
			on = append(on, refs[need])
		}
		list.Dependencies = append(list.Dependencies, dependency{c.Ref, on})
		if m.main {
			c.Type, c.Licenses = "application", []license{{"Apache-2.0"}}
			list.Metadata.Component = c
			continue
		}
		ids, err := m.licenses()
		if err != nil {
			return nil, err
		}
		c.Licenses = []license{{expression(ids)}}
		list.Components = append(list.Components, c)
	}
	list.Dependencies = append(list.Dependencies, dependency{Ref: std.Ref})
	return list, nil
}

// purl is the package URL of a module.
func purl(m *module) string {
	url := "pkg:golang/" + strings.ToLower(m.Path)
	if m.Version != "" {
		url += "@" + strings.ReplaceAll(m.Version, "+", "%2B")
	}
	return url
}
