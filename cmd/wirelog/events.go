package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/nearest"
)

func (p *program) eventsCommand() *cobra.Command {
	var section string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "events [GLOB]",
		Short: "List the catalogue of events",
		Long: `List the catalogue of events: the name, whether this build raises it, its meaning, and
its parameters with their Zeek types. A glob such as 'tcp_*' (in quotes) selects events
by name, and --section by protocol.

On a terminal the text is wrapped to its width. Otherwise each event is one line, with
its name in the second column, for grep and awk. Programs should use --json.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeList(eventNames),
		RunE: func(_ *cobra.Command, args []string) error {
			glob := "*"
			if len(args) == 1 {
				glob = args[0]
			}
			list, err := pickEvents(glob, section)
			if err != nil {
				return fmt.Errorf("events: %w", err)
			}
			if asJSON {
				return p.listEventsJSON(list)
			}
			return p.listEvents(list)
		},
	}
	cmd.Flags().StringVarP(&section, "section", "s", "", "only events of this section, such as TCP")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line: name, section, params, doc, raised, deprecated, own")
	if err := cmd.RegisterFlagCompletionFunc("section", completeList(eventSections)); err != nil {
		panic(err) // the flag was just added
	}
	return cmd
}

// pickEvents returns the matching events, by section and name.
func pickEvents(glob, section string) ([]event.Info, error) {
	if _, err := path.Match(glob, ""); err != nil {
		return nil, fmt.Errorf("%q is not a glob pattern", glob)
	}
	if section != "" && !slices.ContainsFunc(eventSections(), func(s string) bool { return strings.EqualFold(s, section) }) {
		return nil, fmt.Errorf("unknown section %q%s", section, nearest.Hint(section, eventSections()))
	}
	var list []event.Info
	for _, e := range event.Catalogue() {
		if ok, _ := path.Match(glob, e.Name); ok && (section == "" || strings.EqualFold(e.Section, section)) {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no event matches %q%s", glob, nearest.Hint(glob, eventNames()))
	}
	slices.SortStableFunc(list, func(a, b event.Info) int {
		return cmp.Compare(strings.ToLower(a.Section), strings.ToLower(b.Section))
	})
	return list, nil
}

func (p *program) listEvents(list []event.Info) error {
	t := newTable("SECTION", "EVENT", "RAISED", "MEANING (PARAMETERS)")
	for _, e := range list {
		raised := "no"
		if e.Built {
			raised = "yes"
		}
		doc := strings.Join(strings.Fields(e.Doc), " ")
		if e.Deprecated {
			doc += " (deprecated)"
		}
		var params []string
		for _, a := range e.Params {
			params = append(params, a.Name+": "+a.Type)
		}
		t.add(e.Section, e.Name, raised, doc+"\n("+strings.Join(params, ", ")+")")
	}
	return t.write(p.stdout, terminalWidth(p.stdout))
}

func (p *program) listEventsJSON(list []event.Info) error {
	type param struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	out := json.NewEncoder(p.stdout)
	out.SetEscapeHTML(false)
	for _, e := range list {
		params := make([]param, len(e.Params))
		for i, a := range e.Params {
			params[i] = param(a)
		}
		if err := out.Encode(struct {
			Name       string  `json:"name"`
			Section    string  `json:"section"`
			Params     []param `json:"params"`
			Doc        string  `json:"doc"`
			Raised     bool    `json:"raised"`
			Deprecated bool    `json:"deprecated"`
			Own        bool    `json:"own"`
		}{e.Name, e.Section, params, e.Doc, e.Built, e.Deprecated, e.Own}); err != nil {
			return err
		}
	}
	return nil
}

func eventNames() []string {
	var names []string
	for _, e := range event.Catalogue() {
		names = append(names, e.Name)
	}
	return names
}

func eventSections() []string {
	var names []string
	for _, e := range event.Catalogue() {
		names = append(names, e.Section)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
