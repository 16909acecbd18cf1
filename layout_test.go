package ptpu_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is ptpu's own import path: that of the root package.
const module = "ptpu"

// downward are the imports of one package by another that are allowed besides
// those that follow from where a folder stands. An edge holds for the folders
// below from too. Each one needs a reason why the importer cannot be given what
// it needs by cmd/ptpu.
var downward = []struct{ from, to, reason string }{
	{"store", "table", "the domain's reads and writes are written once, on the seam"},
	{"prisonapi", "upstream", "building a call and telling its failures apart is the same for every client"},
	{"offendersearch", "upstream", "building a call and telling its failures apart is the same for every client"},
	{"communityapi", "upstream", "building a call and telling its failures apart is the same for every client"},
	{"table/sqlite", "embedded", "the embedded backend is one SQLite file, opened in one place"},
	{"queue/sqlite", "embedded", "the embedded backend is one SQLite file, opened in one place"},
	{"topic/sqlite", "embedded", "the embedded backend is one SQLite file, opened in one place"},
	{"faulttest", "table", "a fault strikes at the seam, whatever is above and below it"},
	{"faulttest", "queue", "a fault strikes at the seam, whatever is above and below it"},
	{"faulttest", "topic", "a fault strikes at the seam, whatever is above and below it"},
	{"ledgertest", "queue", "the ledger reads what is still queued, and the dead letters"},
	{"ledgertest", "topic", "the ledger reads what was published"},
	{"ledgertest", "table", "the ledger reads the rows as they are, not as the store shows them"},
}

// strangers must not import the root package, nor may the folders below them.
var strangers = map[string]string{
	"table":      "a seam carries rows, whatever they mean",
	"queue":      "a seam carries notices, whatever they say",
	"topic":      "a seam carries messages, whatever they announce",
	"embedded":   "it opens a file, whatever is kept there",
	"localstack": "simulators answer as the real ones would, not as our rules would like",
}

// drawers are folder names that say nothing about what is inside, and so
// collect everything.
var drawers = []string{"common", "core", "models", "pkg", "types", "util", "utils"}

func TestSiblingsDoNotImportEachOther(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, imported := range file.own() {
			if why := forbidden(file.folder, imported, file.test); why != "" {
				t.Errorf("%s imports %s: %s", file.path, path.Join(module, imported), why)
			}
		}
	}
}

func TestRootImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.folder != "" || file.test {
			continue
		}
		for _, imported := range file.imports() {
			first, _, _ := strings.Cut(imported, "/")
			if strings.Contains(first, ".") || first == module {
				t.Errorf("%s imports %s, want the standard library only: the rules must read without any technology", file.path, imported)
			}
		}
	}
}

func TestEveryPackageHasOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	for _, file := range goFiles(t) {
		if file.test {
			continue
		}
		where := comments[file.folder]
		if file.syntax.Doc.Text() != "" {
			where = append(where, file.path)
		}
		comments[file.folder] = where
	}
	for folder, where := range comments {
		if len(where) != 1 {
			t.Errorf("package in %q has %d package comments %v, want 1", path.Join(module, folder), len(where), where)
		}
	}
}

func TestNoFolderIsADrawer(t *testing.T) {
	walk(t, func(name string, entry fs.DirEntry) {
		if entry.IsDir() && slices.Contains(drawers, entry.Name()) {
			t.Errorf("folder %s: name it for what it does", name)
		}
	})
}

// A sleep in a synctest bubble costs no time and is how time passes there;
// outside one it makes the test slow, or unsure, or both.
func TestTestsSleepOnlyInBubbles(t *testing.T) {
	for _, file := range goFiles(t) {
		if !file.test || slices.Contains(file.imports(), "testing/synctest") {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && isTimeSleep(selector) {
				t.Errorf("%s: time.Sleep in a file without testing/synctest: use a bubble, or wait for what should happen",
					file.set.Position(selector.Pos()))
			}
			return true
		})
	}
}

func TestForbidden(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		test     bool
		allowed  bool
	}{
		"everyone speaks the root's words":      {from: "matcher", to: "", allowed: true},
		"main joins everything":                 {from: "cmd/ptpu", to: "matcher", allowed: true},
		"nobody imports main":                   {from: "telemetry", to: "cmd/ptpu"},
		"not even a test":                       {from: "telemetry", to: "cmd/ptpu", test: true},
		"main's folders stay together":          {from: "cmd/ptpu/wiring", to: "cmd/ptpu", allowed: true},
		"siblings keep apart":                   {from: "processor", to: "matcher"},
		"an edge downward":                      {from: "store", to: "table", allowed: true},
		"and from below its start":              {from: "store/storetest", to: "table", allowed: true},
		"but not to a backend":                  {from: "store", to: "table/sqlite"},
		"nor the other way":                     {from: "table", to: "store"},
		"a backend knows its seam":              {from: "table/dynamo", to: "table", allowed: true},
		"a seam does not know its backend":      {from: "table", to: "table/dynamo"},
		"backends keep apart":                   {from: "queue/sqlite", to: "table/sqlite"},
		"the embedded backends share a file":    {from: "queue/sqlite", to: "embedded", allowed: true},
		"a suite knows its seam":                {from: "table/tabletest", to: "table", allowed: true},
		"a suite is for tests":                  {from: "store", to: "table/tabletest"},
		"even beside it":                        {from: "table/sqlite", to: "table/tabletest"},
		"main does not run suites":              {from: "cmd/ptpu", to: "table/tabletest"},
		"a test uses a suite":                   {from: "table/sqlite", to: "table/tabletest", test: true, allowed: true},
		"a test may stand on a backend":         {from: "store", to: "table/sqlite", test: true, allowed: true},
		"a seam does not know the domain":       {from: "queue/sqs", to: ""},
		"simulators do not know our rules":      {from: "localstack", to: ""},
		"a test of a stranger may know them":    {from: "localstack", to: "", test: true, allowed: true},
		"a name that only begins like a parent": {from: "tables", to: "table"},
	} {
		why := forbidden(c.from, c.to, c.test)
		if allowed := why == ""; allowed != c.allowed {
			t.Errorf("%s: %q may import %q = %v (%s), want %v", name, c.from, c.to, allowed, why, c.allowed)
		}
	}
}

// forbidden says why the folder from must not import the folder to, or nothing.
// The root is the empty folder. Tests may stand on whatever they need.
func forbidden(from, to string, test bool) string {
	switch {
	case within(to, "cmd") && !within(from, "cmd"):
		return "nobody imports the program"
	case test:
		return ""
	case isTestHelper(to) && !isTestHelper(from):
		return "a test helper is for tests"
	case to == "":
		for stranger, reason := range strangers {
			if within(from, stranger) {
				return reason
			}
		}
		return ""
	case within(from, "cmd"), within(from, to):
		return ""
	}
	for _, edge := range downward {
		if within(from, edge.from) && to == edge.to {
			return ""
		}
	}
	return "siblings do not import each other: declare what you need of it and let cmd/ptpu join you"
}

// within reports whether folder is parent or stands below it.
func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

func isTestHelper(folder string) bool { return strings.HasSuffix(folder, "test") }

func isTimeSleep(selector *ast.SelectorExpr) bool {
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "time" && selector.Sel.Name == "Sleep"
}

// goFile is one Go file of the module, whatever its build tags.
type goFile struct {
	path   string
	folder string // "" is the root
	test   bool
	set    *token.FileSet
	syntax *ast.File
}

func (f goFile) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		paths = append(paths, imported)
	}
	return paths
}

// own lists the folders of the module that the file imports.
func (f goFile) own() []string {
	var folders []string
	for _, imported := range f.imports() {
		if within(imported, module) {
			folders = append(folders, strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
		}
	}
	return folders
}

// goFiles parses every Go file of the module. The files are read rather than
// asked of go list, so that those behind a build tag are held to the rules too.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	set := token.NewFileSet()
	walk(t, func(name string, entry fs.DirEntry) {
		if entry.IsDir() || path.Ext(name) != ".go" {
			return
		}
		syntax, err := parser.ParseFile(set, filepath.FromSlash(name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("reading the Go files: %v", err)
		}
		folder := path.Dir(name)
		if folder == "." {
			folder = ""
		}
		files = append(files, goFile{
			path:   name,
			folder: folder,
			test:   strings.HasSuffix(name, "_test.go"),
			set:    set,
			syntax: syntax,
		})
	})
	return files
}

// walk visits the module's own files and folders: no test data, no other
// module, nothing that the go command would skip.
func walk(t *testing.T, visit func(name string, entry fs.DirEntry)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && skipped(name, entry.Name()) {
			return fs.SkipDir
		}
		visit(name, entry)
		return nil
	})
	if err != nil {
		t.Fatalf("walking the module: %v", err)
	}
}

func skipped(name, base string) bool {
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(filepath.FromSlash(name), "go.mod"))
	return err == nil
}
