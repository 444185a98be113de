// Package filter selects the records of a log that an output takes, by an expression:
//
//	duration > 60 && resp_bytes > 1e6
//	cidr(id.orig_h, "10.0.0.0/8", "fd00::/8") and service in ["http", "ssl"]
//	any(answers, # endsWith ".example.com")
//
// The language is that of github.com/expr-lang/expr; names are the log's columns.
// A count, int or port is an integer; a double, an interval (in seconds) and a
// time (in seconds since 1970) are floating-point numbers; strings, enums, addresses
// and subnets are strings; sets and vectors are lists of these.
//
// A condition on an unset column is false, whatever it compares: without a duration,
// neither "duration > 60" nor "duration <= 60" holds, but "not" of either does.
// "duration == nil" holds if the column is unset, and "duration ?? 0" gives an unset
// column a value.
package filter

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
)

// A Program is a compiled expression. It may be used by several goroutines.
type Program struct {
	program *vm.Program
	// columns are those that the expression uses, by index in the schema.
	columns []column
	groups  schemas.Groups
}

// A column is a column that an expression uses.
type column struct {
	index int
	field *schemas.Field
}

// Compile compiles an expression over the columns of s and the optional columns of g. It
// reports an error if the expression does not fit the columns.
func Compile(source string, s *schemas.Schema, g schemas.Groups) (*Program, error) {
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("the expression is empty")
	}
	s = s.With(g)
	env := make(map[string]any, len(s.Fields))
	fields := make(map[string]*schemas.Field, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		fields[f.Name] = f
		env[f.Name] = sample(f)
	}
	names, guards := &columnNames{fields: fields}, &guard{fields: fields}
	program, err := expr.Compile(source, expr.Env(env), expr.AsBool(), expr.DisableBuiltin("now"),
		expr.Patch(names), expr.Patch(guards),
		expr.Function("cidr", cidr, new(func(string, ...string) bool)),
		expr.Function(cidrSet, contains, new(func(string, networks) bool)))
	if err := cmp.Or(names.err, guards.err, explain(err, fields)); err != nil {
		return nil, err
	}
	p := &Program{program: program, groups: g}
	for i := range s.Fields {
		if names.used[s.Fields[i].Name] {
			p.columns = append(p.columns, column{i, &s.Fields[i]})
		}
	}
	return p, nil
}

// explain puts the compiler's error on one line and suggests a name for a misspelt one.
func explain(err error, fields map[string]*schemas.Field) error {
	if err == nil {
		return nil
	}
	var e *file.Error
	if !errors.As(err, &e) {
		return err
	}
	if name, ok := strings.CutPrefix(e.Message, "unknown name "); ok {
		return unknown(name, fields)
	}
	return fmt.Errorf("%s (at character %d)", e.Message, e.Column+1)
}

func unknown(name string, fields map[string]*schemas.Field) error {
	var known []string
	for k := range fields {
		known = append(known, k)
	}
	slices.Sort(known)
	return fmt.Errorf("the log has no column %q%s", name, nearest.Hint(name, known))
}

// sample returns a value of the type that the column has in expressions.
func sample(f *schemas.Field) any {
	list := f.Container != schemas.Scalar
	switch f.Kind {
	case schemas.KindBool:
		if list {
			return []bool(nil)
		}
		return false
	case schemas.KindCount, schemas.KindInt, schemas.KindPort:
		if list {
			return []int(nil)
		}
		return 0
	case schemas.KindDouble, schemas.KindTime, schemas.KindInterval:
		if list {
			return []float64(nil)
		}
		return 0.0
	case schemas.KindString, schemas.KindEnum, schemas.KindAddr, schemas.KindSubnet:
		if list {
			return []string(nil)
		}
		return ""
	}
	panic("filter: no rule for columns of type " + f.ZeekType())
}

// cidrSet is the function that replaces a call of cidr with constant networks.
const cidrSet = "cidr of constants"

type networks []netip.Prefix

// cidr reports whether an address is in one of the given networks.
func cidr(args ...any) (any, error) {
	a, err := netip.ParseAddr(args[0].(string))
	if err != nil {
		return false, nil
	}
	for _, arg := range args[1:] {
		p, err := netip.ParsePrefix(arg.(string))
		if err != nil {
			return nil, err
		}
		if p.Contains(a) {
			return true, nil
		}
	}
	return false, nil
}

func contains(args ...any) (any, error) {
	a, err := netip.ParseAddr(args[0].(string))
	return err == nil && slices.ContainsFunc(args[1].(networks), func(p netip.Prefix) bool { return p.Contains(a) }), nil
}

// An Evaluator evaluates a Program on records. It belongs to one goroutine.
type Evaluator struct {
	program *Program
	machine vm.VM
	picker  picker
}

// Evaluator returns an evaluator of p.
func (p *Program) Evaluator() *Evaluator {
	e := &Evaluator{program: p}
	e.picker.init(p)
	return e
}

// overBudget is the message of the library for ErrBudget.
const overBudget = "memory budget exceeded"

// ErrBudget means that an expression would have taken too much memory.
var ErrBudget = errors.New("the expression exceeds its memory budget")

// Match reports whether the expression holds for rec. An error of evaluation, such as an
// index out of range or ErrBudget, means that the record does not match.
func (e *Evaluator) Match(rec schemas.Record) (bool, error) {
	e.picker.pick(rec)
	out, err := e.machine.Run(e.program.program, e.picker.env)
	if err != nil {
		if e := (*file.Error)(nil); errors.As(err, &e) && e.Message == overBudget {
			err = ErrBudget
		}
		return false, err
	}
	// A bool column by itself is nil if unset.
	match, _ := out.(bool)
	return match, nil
}
