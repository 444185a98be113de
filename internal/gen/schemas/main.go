// Command schemas generates schemas/zz_generated.go from the structs of package schemas that
// have a "//wirelog:log name" directive: the schema of each log and the methods Schema,
// Encode and Size of its record. It runs in the folder of the package, by go generate.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const output = "zz_generated.go"

func main() {
	src, err := generate(".")
	if err == nil {
		err = os.WriteFile(output, src, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}

const directive = "//wirelog:log "

// A kind is the type of a column: its constant in a Field and its method of a Sink.
type kind struct {
	konst  string // constant of schemas.Kind
	method string // method of schemas.Sink
	conv   string // conversion before the call, with %s for the value
}

var kinds = map[string]kind{
	"bool":           {"KindBool", "Bool", "%s"},
	"uint64":         {"KindCount", "Count", "%s"},
	"int64":          {"KindInt", "Int", "%s"},
	"float64":        {"KindDouble", "Double", "%s"},
	"value.Time":     {"KindTime", "Time", "%s"},
	"value.Interval": {"KindInterval", "Interval", "float64(%s)"},
	"string":         {"KindString", "String", "%s"},
	"value.Enum":     {"KindEnum", "Enum", "string(%s)"},
	"netip.Addr":     {"KindAddr", "Addr", "%s"},
	"netip.Prefix":   {"KindSubnet", "Subnet", "%s"},
	"Port":           {"KindPort", "Port", "uint16(%s)"},
}

// A log is a struct with the directive.
type log struct {
	name, typ, doc string
	optional       bool
	members        []member
}

// A member is a struct field: a column, or a nested record when sub is set.
type member struct {
	expr      string // selector from the record: "ID.OrigH"
	name      string // dotted column name
	doc       string
	kind      kind
	opt       bool   // value.Opt[T]
	container string // "", "SetOf" or "VectorOf"
	group     string
	sub       []member
	// embedded is the type of an embedded struct, whose optional columns are sub; pointer
	// is set for an embedded pointer.
	embedded string
	pointer  bool
}

type generator struct {
	structs map[string]*ast.StructType
	same    map[string]string // structs declared as another one
	groups  []string          // in order of appearance
	embeds  []member          // embedded structs
}

// generate returns the source of the generated file for the package in dir.
func generate(dir string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	g := &generator{structs: make(map[string]*ast.StructType), same: make(map[string]string)}
	type decl struct {
		name, typ, doc string
		optional       bool
		pos            token.Position
	}
	var decls []decl
	fset := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == output {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				ts := spec.(*ast.TypeSpec)
				switch of := ts.Type.(type) {
				case *ast.StructType:
					g.structs[ts.Name.Name] = of
				case *ast.Ident:
					g.same[ts.Name.Name] = of.Name
				default:
					continue
				}
				doc := ts.Doc
				if doc == nil {
					doc = gen.Doc
				}
				if name, optional, ok := logName(doc); ok {
					decls = append(decls, decl{name, ts.Name.Name, text(doc), optional, fset.Position(ts.Pos())})
				}
			}
		}
	}
	slices.SortFunc(decls, func(a, b decl) int { return cmp.Compare(a.name, b.name) })
	var logs []log
	for i, d := range decls {
		if i > 0 && decls[i-1].name == d.name {
			return nil, fmt.Errorf("%s: log %s is declared twice", d.pos, d.name)
		}
		st := g.structs[cmp.Or(g.same[d.typ], d.typ)]
		if st == nil {
			return nil, fmt.Errorf("%s: %s is no struct", d.pos, d.typ)
		}
		members, err := g.members(st, "", "", nil)
		if err == nil {
			err = check(members)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", d.pos, d.typ, err)
		}
		logs = append(logs, log{d.name, d.typ, d.doc, d.optional, members})
	}
	return g.print(logs)
}

// logName parses the directive of a log: its name, then "optional" if the log is
// optional.
func logName(doc *ast.CommentGroup) (name string, optional, ok bool) {
	if doc == nil {
		return "", false, false
	}
	for _, c := range doc.List {
		if rest, ok := strings.CutPrefix(c.Text, directive); ok {
			name, optional := strings.CutSuffix(strings.TrimSpace(rest), " optional")
			return name, optional, true
		}
	}
	return "", false, false
}

// text returns the comment as one line, without directives.
func text(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}

// members resolves the tagged fields of st. expr and name are the prefixes of a nested
// record's expressions and column names; nested lists the types being resolved.
func (g *generator) members(st *ast.StructType, expr, name string, nested []string) ([]member, error) {
	var out []member
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 && f.Tag == nil {
			m, err := g.embedded(f.Type, name, nested)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
			continue
		}
		if len(f.Names) != 1 {
			return nil, errors.New("every column needs a field of its own")
		}
		goName := f.Names[0].Name
		if f.Tag == nil {
			return nil, fmt.Errorf("%s has no zeek tag", goName)
		}
		raw, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, err
		}
		tag, ok := reflect.StructTag(raw).Lookup("zeek")
		if !ok {
			return nil, fmt.Errorf("%s has no zeek tag", goName)
		}
		m := member{expr: expr + goName, doc: text(f.Doc)}
		if m.doc == "" {
			m.doc = text(f.Comment)
		}
		if m.doc == "" {
			return nil, fmt.Errorf("%s has no documentation", goName)
		}
		column, option, _ := strings.Cut(tag, ",")
		m.name = name + column
		if option != "" {
			if m.group, ok = strings.CutPrefix(option, "optional="); !ok || m.group == "" {
				return nil, fmt.Errorf("%s has an unknown option %q", goName, option)
			}
			if !slices.Contains(g.groups, m.group) {
				g.groups = append(g.groups, m.group)
			}
		}
		if err := g.resolve(&m, f.Type, nested); err != nil {
			return nil, fmt.Errorf("%s: %w", goName, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// embedded resolves an embedded struct, which has optional columns only.
func (g *generator) embedded(typ ast.Expr, name string, nested []string) (m member, err error) {
	if star, ok := typ.(*ast.StarExpr); ok {
		typ, m.pointer = star.X, true
	}
	m.embedded = typeName(typ)
	st, ok := g.structs[m.embedded]
	if !ok || name != "" || slices.Contains(nested, m.embedded) {
		return m, fmt.Errorf("type %s cannot be embedded here", m.embedded)
	}
	if m.sub, err = g.members(st, "", "", append(nested, m.embedded)); err != nil {
		return m, err
	}
	for _, c := range flatten(m.sub, false) {
		if c.group == "" {
			return m, fmt.Errorf("column %s of the embedded %s is not optional", c.name, m.embedded)
		}
	}
	g.uses(m)
	return m, nil
}

// uses lists the embedded structs for which methods are printed.
func (g *generator) uses(m member) {
	if !slices.ContainsFunc(g.embeds, func(o member) bool { return o.embedded == m.embedded }) {
		g.embeds = append(g.embeds, m)
	}
}

func (g *generator) resolve(m *member, typ ast.Expr, nested []string) error {
	if ix, ok := typ.(*ast.IndexExpr); ok {
		switch typeName(ix.X) {
		case "value.Opt":
			m.opt = true
		case "value.Set":
			m.container = "SetOf"
		case "value.Vector":
			m.container = "VectorOf"
		default:
			return fmt.Errorf("unknown generic type %s", typeName(ix.X))
		}
		typ = ix.Index
	}
	name := typeName(typ)
	if k, ok := kinds[name]; ok {
		m.kind = k
		return nil
	}
	st, ok := g.structs[name]
	if !ok || m.container != "" || m.group != "" {
		return fmt.Errorf("type %s cannot be a column here", name)
	}
	if slices.Contains(nested, name) {
		return fmt.Errorf("type %s contains itself", name)
	}
	expr := m.expr + "."
	if m.opt {
		expr += "V."
	}
	var err error
	m.sub, err = g.members(st, expr, m.name+".", append(nested, name))
	return err
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	default:
		return fmt.Sprintf("%T", e)
	}
}

// check reports duplicate names and optional columns that precede others.
func check(members []member) error {
	seen := make(map[string]bool)
	optional := ""
	for _, m := range flatten(members, false) {
		switch {
		case seen[m.name]:
			return fmt.Errorf("column %s occurs twice", m.name)
		case m.group != "":
			optional = m.name
		case optional != "":
			return fmt.Errorf("column %s comes after the optional %s", m.name, optional)
		}
		seen[m.name] = true
	}
	return nil
}

// flatten returns the columns of members, with nested records replaced by their columns.
// Columns of a record that may be unset may be unset too.
func flatten(members []member, unsettable bool) []member {
	var out []member
	for _, m := range members {
		m.opt = m.opt || unsettable
		if m.sub != nil {
			out = append(out, flatten(m.sub, m.opt)...)
		} else {
			out = append(out, m)
		}
	}
	return out
}

var initialisms = map[string]string{"id": "ID", "mac": "MAC", "vlan": "VLAN", "tls": "TLS", "ssl": "SSL", "smb": "SMB", "hassh": "HASSH", "http2": "HTTP2", "ja3": "JA3", "ja4": "JA4"}

// groupConst returns the constant of a group: GroupMACLogging for "mac-logging".
func groupConst(name string) string {
	var b strings.Builder
	b.WriteString("Group")
	for word := range strings.SplitSeq(name, "-") {
		if up, ok := initialisms[word]; ok {
			b.WriteString(up)
		} else if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func (g *generator) print(logs []log) ([]byte, error) {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("// Code generated by internal/gen/schemas; DO NOT EDIT.\n\npackage schemas\n\n")
	if len(g.groups) > 0 {
		p("// The groups of optional columns.\nconst (\n")
		for i, name := range g.groups {
			p("%s Groups = 1 << %d // %s\n", groupConst(name), i, name)
		}
		p(")\n\n")
	}
	p("var groupNames = []string{")
	for _, name := range g.groups {
		p("%q,", name)
	}
	p("}\n\nvar all = []*Schema{\n")
	for _, l := range logs {
		p("&%sSchema,\n", l.typ)
	}
	p("}\n")
	for id, l := range logs {
		p("\n// %sSchema describes the log %s.\n", l.typ, l.name)
		p("var %sSchema = Schema{\nName: %q,\nDoc: %q,\nID: %d,\nNew: func() Record { return new(%s) },\n", l.typ, l.name, l.doc, id, l.typ)
		if l.optional {
			p("Optional: true,\n")
		}
		p("Fields: []Field{\n")
		for _, m := range flatten(l.members, false) {
			p("{Name: %q, Kind: %s", m.name, m.kind.konst)
			if m.container != "" {
				p(", Container: %s", m.container)
			}
			p(", Doc: %q", m.doc)
			if m.opt || m.container != "" {
				p(", Unsettable: true")
			}
			if m.group != "" {
				p(", Group: %s", groupConst(m.group))
			}
			p("},\n")
		}
		p("},\n}\n")
		p("\n// Schema returns &%sSchema.\nfunc (*%s) Schema() *Schema { return &%sSchema }\n", l.typ, l.typ, l.typ)
		p("\n// Encode passes the columns to s.\nfunc (r *%s) Encode(s Sink) {\n", l.typ)
		printEncode(p, l.members)
		p("}\n")
		p("\n// Size returns the bytes of all strings and the elements of all containers.\nfunc (r *%s) Size() (bytes, elements int) {\n", l.typ)
		printSize(p, l.members)
		p("return bytes, elements\n}\n")
		printSetFlow(p, l)
	}
	for _, m := range g.embeds {
		p("\nfunc (r *%s) encode(s Sink) {\n", m.embedded)
		p("if s.Groups()&(%s) == 0 {\nreturn\n}\nif r == nil {\nr = new(%s)\n}\n", strings.Join(groupsOf(m.sub), " | "), m.embedded)
		printEncode(p, m.sub)
		p("}\n\nfunc (r *%s) size() (bytes, elements int) {\nif r == nil {\nreturn 0, 0\n}\n", m.embedded)
		printSize(p, m.sub)
		p("return bytes, elements\n}\n")
	}
	src, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated code: %w", err)
	}
	return src, nil
}

func printEncode(p func(string, ...any), members []member) {
	group, asked := "", false
	for _, m := range members {
		if m.embedded != "" {
			if group != "" {
				p("}\n")
			}
			group = ""
			p("r.%s.encode(s)\n", m.embedded)
			continue
		}
		if m.group != group {
			if group != "" {
				p("}\n")
			}
			if group = m.group; group != "" {
				if !asked {
					p("groups := s.Groups()\n")
					asked = true
				}
				p("if groups&%s != 0 {\n", groupConst(group))
			}
		}
		printColumn(p, m)
	}
	if group != "" {
		p("}\n")
	}
}

// groupsOf returns the constants of the groups of columns.
func groupsOf(members []member) (list []string) {
	for _, m := range flatten(members, false) {
		if c := groupConst(m.group); !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// printSetFlow prints the method SetFlow of a log that embeds *Flow or *Source.
func printSetFlow(p func(string, ...any), l log) {
	var embedded, uid string
	for _, m := range l.members {
		switch {
		case m.pointer && (m.embedded == "Flow" || m.embedded == "Source"):
			embedded = m.embedded
		case m.name == "uid" && m.opt:
			uid = "r.UID.V"
		case m.name == "uid":
			uid = "r.UID"
		}
	}
	if embedded == "" {
		return
	}
	if uid == "" {
		uid = `""`
	}
	p("\n// SetFlow sets the columns that logs about connections share.\nfunc (r *%s) SetFlow(of func(uid string) *Flow) {\n", l.typ)
	if embedded == "Flow" {
		p("r.Flow = of(%s)\n}\n", uid)
		return
	}
	p("r.Source = nil\nif f := of(%s); f != nil {\nr.Source = &f.Source\n}\n}\n", uid)
}

// printSize prints the body of Size. It adds optional columns without checking OK: unset
// ones are empty.
func printSize(p func(string, ...any), members []member) {
	for _, m := range members {
		field := "r." + m.expr
		str := m.kind.method == "String"
		switch {
		case m.embedded != "":
			p("b, n := r.%s.size()\nbytes, elements = bytes+b, elements+n\n", m.embedded)
		case m.sub != nil:
			printSize(p, m.sub)
		case m.container != "":
			p("elements += len(%s)\n", field)
			if str {
				p("for _, v := range %s {\nbytes += len(v)\n}\n", field)
			}
		case str && m.opt:
			p("bytes += len(%s.V)\n", field)
		case str:
			p("bytes += len(%s)\n", field)
		}
	}
}

func printColumn(p func(string, ...any), m member) {
	field := "r." + m.expr
	call := func(value string) { p("s.%s(%s)\n", m.kind.method, fmt.Sprintf(m.kind.conv, value)) }
	switch {
	case m.sub != nil && m.opt:
		p("if %s.OK {\n", field)
		printEncode(p, m.sub)
		p("} else {\n")
		for range flatten(m.sub, false) {
			p("s.Unset()\n")
		}
		p("}\n")
	case m.sub != nil:
		printEncode(p, m.sub)
	case m.container != "":
		p("if %s != nil {\ns.Begin(%s, len(%s))\nfor _, v := range %s {\n", field, m.container, field, field)
		call("v")
		p("}\ns.End()\n} else {\ns.Unset()\n}\n")
	case m.opt:
		p("if %s.OK {\n", field)
		call(field + ".V")
		p("} else {\ns.Unset()\n}\n")
	default:
		call(field)
	}
}
