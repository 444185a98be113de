package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// platforms are those whose modules are collected; some modules are for one of them only.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"}

// A module is one that packages of this build are imported from.
type module struct {
	Path, Version, Dir string
	main               bool
	dirs               map[string]bool // of the imported packages
	needs              map[string]bool // the paths of the modules that they import
}

// listed is what go list prints for a package.
type listed struct {
	ImportPath, Dir string
	Imports         []string
	Module          *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// modules returns the modules that the program is linked from, on any platform, in the
// order of their paths; with tests also those that only the tests of any package need. The
// main module is left out.
func modules(tests bool) ([]*module, error) {
	all, err := moduleGraph(tests)
	return slices.DeleteFunc(all, func(m *module) bool { return m.main }), err
}

// moduleGraph is modules with the main module.
func moduleGraph(tests bool) ([]*module, error) {
	byPath := map[string]*module{}
	for _, platform := range platforms {
		goos, goarch, _ := strings.Cut(platform, "/")
		args := []string{"list", "-deps", "-json=ImportPath,Dir,Imports,Module"}
		if tests {
			args = append(args, "-test", "./...")
		} else {
			args = append(args, "./cmd/wirelog")
		}
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", platform, err)
		}
		if err := collect(byPath, out); err != nil {
			return nil, err
		}
	}
	var all []*module
	for _, path := range sortedKeys(byPath) {
		all = append(all, byPath[path])
	}
	return all, nil
}

// collect adds the modules in the output of go list.
func collect(byPath map[string]*module, out []byte) error {
	var packages []listed
	home := map[string]string{} // package to module
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if p.Module == nil {
			continue // the standard library
		}
		packages = append(packages, p)
		home[p.ImportPath] = p.Module.Path
		m := byPath[p.Module.Path]
		if m == nil {
			m = &module{Path: p.Module.Path, Version: p.Module.Version, Dir: p.Module.Dir, main: p.Module.Main,
				dirs: map[string]bool{}, needs: map[string]bool{}}
			byPath[m.Path] = m
		}
		m.dirs[p.Dir] = true
	}
	for _, p := range packages {
		m := byPath[p.Module.Path]
		for _, i := range p.Imports {
			if to := home[i]; to != "" && to != m.Path {
				m.needs[to] = true
			}
		}
	}
	return nil
}

// files returns the license files for the packages of m, in the module's folder and in
// those of the packages and above, as paths below it.
func (m *module) files() ([]string, error) {
	dirs := map[string]bool{}
	for dir := range m.dirs {
		for ; len(dir) > len(m.Dir); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	dirs[m.Dir] = true
	var found []string
	for _, dir := range sortedKeys(dirs) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && isLicense(e.Name()) {
				rel, err := filepath.Rel(m.Dir, filepath.Join(dir, e.Name()))
				if err != nil {
					return nil, err
				}
				found = append(found, filepath.ToSlash(rel))
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no file with a license", m.Path)
	}
	return found, nil
}

// isLicense reports whether a file of this name says what may be done with a module.
func isLicense(name string) bool {
	name = strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(name, ".txt"), ".md"))
	for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE", "NOTICE"} {
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, ".GO") {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
