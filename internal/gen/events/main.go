// Command events makes the generated files of package event from the structs
// that carry a "//wirelog:event name section=S" or "//wirelog:record name"
// directive: the hooks of every section and their types, the JSON encoding of every event, the
// table of built events, and the code with which the poison build copies an
// event. It is run by go generate in the folder of that package.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for name, src := range files {
		if err := os.WriteFile(name, src, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the generated files of the package in dir by name.
func generate(dir string) (map[string][]byte, error) {
	m, err := load(dir)
	if err != nil {
		return nil, err
	}
	main, err := m.emitMain()
	if err != nil {
		return nil, err
	}
	hooks, err := m.hookTypes()
	if err != nil {
		return nil, err
	}
	poison, err := m.emitPoison()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"zz_generated.go": main, "zz_generated_hooks.go": hooks, "zz_generated_poison.go": poison}, nil
}
