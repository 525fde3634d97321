// The templates of a chart, and the functions that they may call.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

// Every template is read before the first is executed: any may include what any other defines.
func execute(folder string, data values) (string, error) {
	root := template.New("").Option("missingkey=zero")
	root.Funcs(sprig.TxtFuncMap()).Funcs(functions(root))
	var names []string
	base := filepath.Join(folder, "templates")
	err := filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		// Files whose name starts with _ only define; NOTES.txt is no object.
		if file := filepath.Base(path); file[0] != '_' && file != "NOTES.txt" {
			names = append(names, path)
		}
		_, err = root.New(path).Parse(string(text))
		return err
	})
	var out strings.Builder
	for _, name := range names {
		if err != nil {
			break
		}
		var text string
		data["Template"] = values{"Name": name, "BasePath": base}
		text, err = run(root.Lookup(name), data)
		fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", name, text)
	}
	return out.String(), err
}

func run(one *template.Template, data interface{}) (string, error) {
	if one == nil {
		return "", errors.New("there is no such template")
	}
	var out bytes.Buffer
	err := one.Execute(&out, data)
	// Go's word for a value that is not there; Helm leaves it out.
	return strings.ReplaceAll(out.String(), "<no value>", ""), err
}

// What Helm adds to Sprig.
func functions(root *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data interface{}) (string, error) {
			return run(root.Lookup(name), data)
		},
		"tpl": func(text string, data interface{}) (string, error) {
			clone, err := root.Clone()
			if err == nil {
				clone, err = clone.New("tpl").Parse(text)
			}
			if err != nil {
				return "", err
			}
			return run(clone, data)
		},
		"required": func(message string, value interface{}) (interface{}, error) {
			if value == nil || value == "" {
				return nil, errors.New(message)
			}
			return value, nil
		},
		"toYaml": func(value interface{}) (string, error) {
			text, err := yaml.Marshal(value)
			return strings.TrimSuffix(string(text), "\n"), err
		},
		"fromYaml": func(text string) (values, error) {
			value := values{}
			return value, yaml.Unmarshal([]byte(text), &value)
		},
		// Nobody is asked: as with `helm template`, no object exists yet.
		"lookup": func(version, kind, namespace, name string) values { return values{} },
	}
}
