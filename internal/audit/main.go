// Audit checks what wirelog is made of: the licenses of the modules that it imports and known
// vulnerabilities in them. It writes their notices and the list of them.
//
//	go run ./internal/audit licenses    the licenses of all modules, tests' too, against the list of those allowed
//	go run ./internal/audit notices     write THIRD_PARTY_NOTICES
//	go run ./internal/audit current     report whether THIRD_PARTY_NOTICES is what notices would write
//	go run ./internal/audit sbom FILE   write the list of the modules in the program, CycloneDX as JSON
//	go run ./internal/audit vuln        run govulncheck, if its database can be reached
//
// It runs in the root of the repository.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const noticesFile = "THIRD_PARTY_NOTICES"

// govulncheck is the module and version of the program that vuln runs.
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	command := strings.Join(args[:min(len(args), 1)], "")
	switch {
	case command == "licenses" && len(args) == 1:
		return checkLicenses()
	case command == "notices" && len(args) == 1:
		text, err := notices()
		if err != nil {
			return err
		}
		return os.WriteFile(noticesFile, text, 0o644)
	case command == "current" && len(args) == 1:
		text, err := notices()
		if err != nil {
			return err
		}
		if have, err := os.ReadFile(noticesFile); err != nil || !bytes.Equal(have, text) {
			return errors.Join(errors.New(noticesFile+" is not up to date: run make notices"), err)
		}
		fmt.Println(noticesFile, "is up to date")
		return nil
	case command == "sbom" && len(args) == 2:
		return writeSBOM(args[1])
	case command == "vuln" && len(args) == 1:
		return vulnerabilities()
	}
	return errors.New("want licenses, notices, current, sbom FILE or vuln")
}

// checkLicenses prints the license of each module, and fails if one is not allowed.
func checkLicenses() error {
	mods, err := modules(true)
	if err != nil {
		return err
	}
	var errs []error
	count := map[string]int{}
	for _, m := range mods {
		ids, err := m.licenses()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, id := range ids {
			if why, ok := allowed[id]; !ok {
				errs = append(errs, fmt.Errorf("%s: license %s is not allowed", m.Path, id))
			} else if why == "" {
				panic("no reason for " + id)
			}
		}
		count[expression(ids)]++
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Printf("licenses of %d modules are allowed:\n", len(mods))
	for _, id := range sortedKeys(count) {
		fmt.Printf("%4d  %s\n", count[id], id)
	}
	return nil
}

// vulnerabilities runs govulncheck, whose status it returns as an error.
func vulnerabilities() error {
	if why := unreachable(); why != nil {
		fmt.Printf("skipped: the vulnerability database cannot be reached: %v\n", why)
		return nil
	}
	cmd := exec.Command("go", "run", govulncheck, "./...")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("govulncheck: %w", err)
	}
	return nil
}

// unreachable returns why the database of govulncheck cannot be read, or nil.
func unreachable() error {
	db := os.Getenv("GOVULNDB")
	if db == "" {
		db = "https://vuln.go.dev"
	}
	if !strings.HasPrefix(db, "http") {
		return nil // a folder
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(db, "/")+"/index/db.json", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
