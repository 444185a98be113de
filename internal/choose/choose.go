// Package choose reads lists that choose among names, as of logs, analyzers and groups of
// columns.
//
// A list either names what is chosen, or changes the default choice:
//
//	conn,dns     these and no others
//	+smb_cmd     the default ones and smb_cmd
//	-weird,!dns  the default ones without weird and dns
//	all,-dns     all but dns
//
// An element, after its sign, is a name, a name that stands for several, a glob pattern, or
// one of default, all and none. Upper and lower case are the same. An empty list is the
// default choice.
package choose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/nearest"
)

// Words that stand for sets of names. They come before names and are no names themselves.
const (
	defaultNames = "default"
	allNames     = "all"
	noNames      = "none"
)

// Names are what a list may choose from.
type Names struct {
	// What says what the names are, such as "log".
	What string
	// All are the names, Default those of an empty list.
	All, Default []string
	// Wide, if not nil, are the only names that all, patterns and Several give.
	Wide []string
	// Several, if not nil, returns the names that a name that is not in All stands for.
	// An error says why it stands for none, if there is more to say than that it is
	// unknown.
	Several func(name string) ([]string, error)
	// Groups are names that Several knows, for suggestions.
	Groups []string
}

// Word reports whether name is a word that stands for a set of names.
func Word(name string) bool {
	return slices.Contains([]string{defaultNames, allNames, noNames}, strings.ToLower(name))
}

// Changes reports whether list changes the default choice rather than naming its own.
func Changes(list []string) bool {
	if len(list) == 0 {
		return true
	}
	sign, name := cut(list[0])
	return sign != 0 || strings.EqualFold(name, defaultNames)
}

// Pick returns the names that list chooses, each once: those of Default in its order, the
// others as they are named.
func (n *Names) Pick(list []string) ([]string, error) {
	var picked []string
	for i, e := range list {
		sign, name := cut(e)
		if i == 0 && sign != 0 {
			picked = slices.Clone(n.Default)
		}
		if first, _ := cut(list[0]); sign == 0 && first != 0 {
			return nil, fmt.Errorf("%q after %q: a list names what is chosen, or changes the default choice: +%s adds to it", e, list[0], name)
		}
		names, err := n.names(name)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(name, noNames) && (sign != 0 || i > 0) {
			return nil, fmt.Errorf("%q is not for lists of several: it chooses nothing", e)
		}
		for _, name := range names {
			switch at := slices.Index(picked, name); {
			case sign == '-' && at >= 0:
				picked = slices.Delete(picked, at, at+1)
			case sign != '-' && at < 0:
				picked = append(picked, name)
			}
		}
	}
	if len(list) == 0 {
		return slices.Clone(n.Default), nil
	}
	return picked, nil
}

// cut cuts the sign from an element: '+', '-', which may be written '!', or 0.
func cut(e string) (sign byte, name string) {
	e = strings.TrimSpace(e)
	if e == "" {
		return 0, ""
	}
	switch e[0] {
	case '+':
		return '+', e[1:]
	case '-', '!':
		return '-', e[1:]
	}
	return 0, e
}

// names returns the names that an element without sign stands for.
func (n *Names) names(name string) ([]string, error) {
	wide := n.All
	if n.Wide != nil {
		wide = n.Wide
	}
	switch strings.ToLower(name) {
	case defaultNames:
		return n.Default, nil
	case allNames:
		return wide, nil
	case noNames:
		return nil, nil
	case "":
		return nil, fmt.Errorf("a %s without a name", n.What)
	}
	if i := slices.IndexFunc(n.All, func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
		return n.All[i : i+1], nil
	}
	var found []string
	if strings.ContainsAny(name, "*?[") {
		for _, k := range wide {
			ok, err := path.Match(strings.ToLower(name), strings.ToLower(k))
			if err != nil {
				return nil, fmt.Errorf("%q is not a glob pattern", name)
			}
			if ok {
				found = append(found, k)
			}
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no %s matches %q", n.What, name)
		}
		return found, nil
	}
	if n.Several != nil {
		names, err := n.Several(strings.ToLower(name))
		if err != nil {
			return nil, err
		}
		for _, k := range names {
			if slices.Contains(wide, k) {
				found = append(found, k)
			}
		}
		if len(names) > 0 && len(found) == 0 {
			return nil, fmt.Errorf("%q stands for %s, of which none can be chosen here", name, strings.Join(names, ", "))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("unknown %s %q%s", n.What, name, nearest.Hint(name, slices.Concat(n.All, n.Groups)))
	}
	return found, nil
}
