package importgraph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documented is the interface for other programs as far as nothing in the project uses it:
// whole packages, and names that may be exported without a user.
var documented = []string{
	"pipeline",

	// For the author of a source.
	"capture.DefaultJumpLimit",
	"capture.MaxPacket",
	"capture.NewBatcher",

	// For the author of an analyzer: what it may implement beside conn.Analyzer.
	"dissect/conn.Closer",
	"dissect/conn.Flipper",
	"dissect/conn.SideCloser",

	// Values of events' fields.
	"dissect/event.DNSQuestion",

	// Zeek's functions on connections and strings, and what they take.
	"dissect/conn.ContentsBoth",
	"dissect/conn.ContentsNone",
	"dissect/conn.ContentsOrig",
	"dissect/conn.ContentsResp",
	"dissect/link/packet.ChecksumsVerify",
	"dissect/event.AppendFTPPort",
	"dissect/event.NetBIOSNameType",
	"dissect/proto/http.SkipEntityData",
	"dissect/proto/login.StateConfused",
	"dissect/proto/login.StateSkip",
	"dissect/proto/smtp.SkipData",
	"dissect/proto/tls.SetEstablished",

	// For the author of a log: beside MustOf.
	"schemas.NewID",
	"schemas.Of",
}

// TestExported finds names that are exported although no other package uses them: neither
// by name, in an example or in code that is not a test, nor as the type of something else
// that is exported, such as a field. Methods and fields do not count.
func TestExported(t *testing.T) {
	root := moduleRoot(t)
	names := map[string]token.Position{} // "dissect/conn.Use" to its place
	used := map[string]bool{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && (d.Name() == "build" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		test := strings.HasSuffix(file, "_test.go")
		if d.IsDir() || !strings.HasSuffix(file, ".go") || test && !strings.HasPrefix(d.Name(), "example") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(rel))
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		uses(f, used)
		if !test && f.Name.Name != "main" && !slices.Contains(strings.Split(dir, "/"), "internal") && !within(dir, "examples") {
			for _, decl := range f.Decls {
				exported(decl, func(id *ast.Ident) { names[dir+"."+id.Name] = fset.Position(id.Pos()) })
				mentioned(decl, func(name string) { used[dir+"."+name] = true })
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 1000 {
		t.Errorf("%d exported names: was the tree walked?", len(names))
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		pkg, _, _ := strings.Cut(name, ".")
		if !used[name] && !slices.Contains(documented, pkg) && !slices.Contains(documented, name) {
			t.Errorf("%s: %s has no user in another package: do not export it", names[name], name)
		}
	}
	for _, name := range documented {
		if _, ok := names[name]; strings.Contains(name, ".") && (!ok || used[name]) {
			t.Errorf("%s is not exported, or has a user: take it off documented", name)
		}
	}
}

// uses adds the names of the project's packages that f uses.
func uses(f *ast.File, used map[string]bool) {
	imports := map[string]string{}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		dir, ours := strings.CutPrefix(name, module+"/")
		if err != nil || !ours {
			continue
		}
		local := path.Base(dir)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imports[local] = dir
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
				used[imports[x.Name]+"."+s.Sel.Name] = true
			}
		}
		return true
	})
}

// exported calls f for each exported name that decl declares at package level.
func exported(decl ast.Decl, f func(*ast.Ident)) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			f(d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					f(s.Name)
				}
			case *ast.ValueSpec:
				for _, id := range s.Names {
					if id.IsExported() {
						f(id)
					}
				}
			}
		}
	}
}

// mentioned calls f for each name of the same package in the types of what decl exports:
// those of parameters, results, fields, constants and variables.
func mentioned(decl ast.Decl, f func(name string)) {
	var self string // a declaration does not use itself
	var visit func(n ast.Node) bool
	fields := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, field := range list.List {
			ast.Inspect(field.Type, visit)
		}
	}
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			fields(n.TypeParams)
			fields(n.Params)
			fields(n.Results)
			return false
		case *ast.Field: // of a struct or an interface
			if len(n.Names) == 0 || slices.ContainsFunc(n.Names, (*ast.Ident).IsExported) {
				ast.Inspect(n.Type, visit)
			}
			return false
		case *ast.SelectorExpr: // a name of another package
			return false
		case *ast.Ident:
			if n.Name != self {
				f(n.Name)
			}
		}
		return true
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() {
			self = receiver(d)
			visit(d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if self = s.Name.Name; s.Name.IsExported() {
					ast.Inspect(s.Type, visit)
				}
			case *ast.ValueSpec:
				if s.Type != nil && slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
					ast.Inspect(s.Type, visit)
				}
			}
		}
	}
}

// receiver returns the name of the type that d is a method of, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
