package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	eventDirective  = "//wirelog:event "
	recordDirective = "//wirelog:record "
)

// A class is how a Go type is encoded.
type class uint8

const (
	scalar class = iota // encoded by one call, see scalars
	bytes               // []byte
	list                // []T, where T may be an Opt, or value.Set[T]
	table               // Table[T]
	keyed               // Map[T]
	named               // Dict[T]
	opt                 // value.Opt[T]
	record              // a struct with the record directive
	conn                // event.Conn: the uid and id keys of the line
	file                // event.File: the fuid key of the line
)

type goType struct {
	class class
	name  string  // of a scalar or record
	set   bool    // whether a list is a set
	elem  *goType // of a list, table, keyed, named or opt
}

// A scalarType names the Zeek type of a Go type and how a value is appended.
type scalarType struct {
	zeek string
	call string // with %s for the value
}

var scalars = map[string]scalarType{
	"bool":           {"bool", "strconv.AppendBool(dst, %s)"},
	"uint64":         {"count", "strconv.AppendUint(dst, %s, 10)"},
	"int64":          {"int", "strconv.AppendInt(dst, %s, 10)"},
	"float64":        {"double", "appendDouble(dst, %s)"},
	"value.Time":     {"time", "appendDouble(dst, %s.Seconds())"},
	"value.Interval": {"interval", "appendInterval(dst, %s)"},
	"string":         {"string", "appendString(dst, %s)"},
	"value.Enum":     {"enum", "appendString(dst, %s)"},
	"value.UID":      {"string", "appendUID(dst, %s)"},
	"value.Port":     {"port", "appendPort(dst, %s)"},
	"ConnID":         {"conn_id", "appendConnID(dst, &%s)"},
	"netip.Addr":     {"addr", "appendAddr(dst, %s)"},
	"netip.Prefix":   {"subnet", "appendSubnet(dst, %s)"},
}

// A field is one field of an event or record.
type field struct {
	goName   string
	zeekName string
	zeekType string // overrides that of the Go type when not empty
	omitZero bool   // the zero UID is an unset field
	typ      *goType
}

// A structType is an event or a record.
type structType struct {
	goName   string
	zeekName string
	doc      string
	fields   []field
	pos      token.Position
	// The fields below are set for events only.
	event      bool
	section    string
	own        bool
	deprecated bool
	unraised   bool
	end        bool // its hook has RaiseAll
}

type model struct {
	dir     string
	events  []*structType // by Zeek name
	records []*structType // by Go name
	byName  map[string]*structType
	fset    *token.FileSet
	errs    []error
}

func (m *model) errorf(pos token.Position, format string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("%s: %s", pos, fmt.Sprintf(format, args...)))
}

// load reads the structs with a directive from the Go files in dir.
func load(dir string) (*model, error) {
	m := &model{dir: dir, byName: map[string]*structType{}, fset: token.NewFileSet()}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	type pending struct {
		s   *structType
		ast *ast.StructType
	}
	var found []pending
	for _, name := range names {
		base := filepath.Base(name)
		if strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(m.fset, base, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE || decl.Doc == nil {
				continue
			}
			line := directive(decl.Doc)
			if line == "" {
				continue
			}
			spec := decl.Specs[0].(*ast.TypeSpec)
			pos := m.fset.Position(spec.Pos())
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				m.errorf(pos, "%s has a directive and is not a struct", spec.Name.Name)
				continue
			}
			s := &structType{goName: spec.Name.Name, doc: decl.Doc.Text(), pos: pos}
			m.directive(s, line)
			m.byName[s.goName] = s
			found = append(found, pending{s, st})
		}
	}
	for _, p := range found {
		m.fields(p.s, p.ast)
		if p.s.event {
			m.events = append(m.events, p.s)
		} else {
			m.records = append(m.records, p.s)
		}
	}
	slices.SortFunc(m.events, func(a, b *structType) int { return cmp.Compare(a.zeekName, b.zeekName) })
	slices.SortFunc(m.records, func(a, b *structType) int { return cmp.Compare(a.goName, b.goName) })
	for i, e := range m.events {
		if i > 0 && m.events[i-1].zeekName == e.zeekName {
			m.errorf(e.pos, "event %s is declared twice", e.zeekName)
		}
	}
	return m, errors.Join(m.errs...)
}

func directive(doc *ast.CommentGroup) string {
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, eventDirective) || strings.HasPrefix(c.Text, recordDirective) {
			return c.Text
		}
	}
	return ""
}

// directive fills s from its directive line and checks its name and doc comment.
func (m *model) directive(s *structType, line string) {
	words := strings.Fields(line)
	if len(words) < 2 {
		m.errorf(s.pos, "%s: the directive has no name", s.goName)
		return
	}
	s.zeekName = words[1]
	if strings.HasPrefix(line, recordDirective) {
		return
	}
	s.event = true
	for _, w := range words[2:] {
		switch key, val, _ := strings.Cut(w, "="); key {
		case "section":
			s.section = val
		case "own":
			s.own = true
		case "deprecated":
			s.deprecated = true
		case "unraised":
			s.unraised = true
		case "end":
			s.end = true
		default:
			m.errorf(s.pos, "%s: unknown word %q in the directive", s.goName, w)
		}
	}
	if s.section == "" {
		m.errorf(s.pos, "%s: the directive names no section", s.goName)
	}
	if plain := strings.NewReplacer("_", "", "::", "").Replace(s.zeekName); !strings.EqualFold(plain, s.goName) {
		m.errorf(s.pos, "%s is not %s in camel case", s.goName, s.zeekName)
	}
	if !strings.HasPrefix(s.doc, s.goName+" is raised ") {
		m.errorf(s.pos, "the comment of %s does not begin with \"%s is raised\"", s.goName, s.goName)
	}
}

func (m *model) fields(s *structType, st *ast.StructType) {
	seen := map[string]bool{}
	for _, f := range st.Fields.List {
		pos := m.fset.Position(f.Pos())
		if f.Tag == nil || len(f.Names) != 1 {
			m.errorf(pos, "%s: a field needs one name and a zeek tag", s.goName)
			continue
		}
		text, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			m.errorf(pos, "%v", err)
			continue
		}
		tag := reflect.StructTag(text)
		fd := field{goName: f.Names[0].Name, zeekType: tag.Get("type")}
		fd.zeekName, fd.omitZero = strings.CutSuffix(tag.Get("zeek"), ",omitzero")
		if fd.zeekName == "" || fd.zeekName != "-" && seen[fd.zeekName] {
			m.errorf(pos, "%s.%s: zeek tag is missing or not unique", s.goName, fd.goName)
			continue
		}
		seen[fd.zeekName] = true
		t, err := m.typeOf(f.Type)
		if err != nil {
			m.errorf(pos, "%s.%s: %v", s.goName, fd.goName, err)
			continue
		}
		if (t.class == conn || t.class == file) && !s.event {
			m.errorf(pos, "%s.%s: only an event has a connection or file", s.goName, fd.goName)
		}
		if fd.omitZero && t.name != "value.UID" {
			m.errorf(pos, "%s.%s: only a UID can be omitted; use Opt", s.goName, fd.goName)
		}
		fd.typ = t
		s.fields = append(s.fields, fd)
	}
}

func (m *model) typeOf(x ast.Expr) (*goType, error) {
	switch x := x.(type) {
	case *ast.Ident:
		switch {
		case x.Name == "Conn":
			return &goType{class: conn}, nil
		case x.Name == "File":
			return &goType{class: file}, nil
		case scalars[x.Name].zeek != "":
			return &goType{name: x.Name}, nil
		case m.byName[x.Name] != nil && !m.byName[x.Name].event:
			return &goType{class: record, name: x.Name}, nil
		}
		return nil, fmt.Errorf("type %s is neither known nor a record", x.Name)
	case *ast.SelectorExpr:
		name := typeName(x)
		if scalars[name].zeek == "" {
			return nil, fmt.Errorf("type %s is not known", name)
		}
		return &goType{name: name}, nil
	case *ast.ArrayType:
		if id, ok := x.Elt.(*ast.Ident); ok && id.Name == "byte" && x.Len == nil {
			return &goType{class: bytes}, nil
		}
		if x.Len != nil {
			return nil, errors.New("arrays are not supported")
		}
		return m.generic(list, x.Elt)
	case *ast.IndexExpr:
		switch typeName(x.X) {
		case "value.Opt":
			return m.generic(opt, x.Index)
		case "Table":
			return m.generic(table, x.Index)
		case "Map":
			return m.generic(keyed, x.Index)
		case "Dict":
			return m.generic(named, x.Index)
		case "value.Set":
			t, err := m.generic(list, x.Index)
			if err == nil {
				t.set = true
			}
			return t, err
		}
	}
	return nil, fmt.Errorf("a type of this form is not supported")
}

// typeName returns the name of a type as written, with its package, or "" for an unnamed
// type.
func typeName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return typeName(x.X) + "." + x.Sel.Name
	}
	return ""
}

func (m *model) generic(c class, elem ast.Expr) (*goType, error) {
	e, err := m.typeOf(elem)
	if err != nil {
		return nil, err
	}
	if e.class == conn || e.class == file || e.class == opt && c != list {
		return nil, errors.New("an element of this type is not supported")
	}
	return &goType{class: c, elem: e}, nil
}

// zeek returns the Zeek type of t.
func (m *model) zeek(t *goType) string {
	switch t.class {
	case bytes:
		return "string"
	case opt:
		return m.zeek(t.elem)
	case record:
		return m.byName[t.name].zeekName
	case conn:
		return "connection"
	case file:
		return "fa_file"
	case list:
		if t.set {
			return "set[" + m.zeek(t.elem) + "]"
		}
		return "vector of " + m.zeek(t.elem)
	case table, keyed:
		return "table[count] of " + m.zeek(t.elem)
	case named:
		return "table[string] of " + m.zeek(t.elem)
	}
	return scalars[t.name].zeek
}

func (m *model) zeekTypeOf(f *field) string {
	if f.zeekType != "" {
		return f.zeekType
	}
	return m.zeek(f.typ)
}

// find returns the Go name of the event's field of class c, or "".
func (s *structType) find(c class) string {
	for _, f := range s.fields {
		if f.typ.class == c {
			return f.goName
		}
	}
	return ""
}

// args returns the fields in the args object of an event, or all fields of a
// record.
func (s *structType) args() []field {
	var out []field
	for _, f := range s.fields {
		if f.typ.class != conn && f.typ.class != file && f.zeekName != "-" {
			out = append(out, f)
		}
	}
	return out
}

// goSection returns the Go name of a section.
func goSection(section string) string { return strings.ReplaceAll(section, "_", "") }

// hookName returns the event's name without the section's, if that is a word at
// its beginning or end.
func (s *structType) hookName() string {
	section := goSection(s.section)
	if rest, ok := strings.CutPrefix(s.goName, section); ok && rest != "" && unicode.IsUpper(rune(rest[0])) {
		return rest
	}
	if rest, ok := strings.CutSuffix(s.goName, section); ok && rest != "" {
		return rest
	}
	return s.goName
}

// summary returns the doc comment as one line that begins with "Raised".
func (s *structType) summary() string {
	text := strings.Join(strings.Fields(s.doc), " ")
	return "Raised" + strings.TrimPrefix(text, s.goName+" is raised")
}

// sections returns the names of the sections in alphabetical order.
func (m *model) sections() []string {
	var out []string
	for _, e := range m.events {
		out = append(out, e.section)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// holdsSlices reports whether a value of type t contains a slice.
func (m *model) holdsSlices(t *goType) bool {
	switch t.class {
	case bytes, list, table, keyed, named:
		return true
	case opt:
		return m.holdsSlices(t.elem)
	case record:
		return m.structHoldsSlices(m.byName[t.name])
	}
	return false
}

func (m *model) structHoldsSlices(s *structType) bool {
	return slices.ContainsFunc(s.fields, func(f field) bool { return m.holdsSlices(f.typ) })
}
