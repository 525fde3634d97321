// The values that a chart is rendered with.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

type values = map[string]interface{}

// The chart's values, the files over them, the pairs over all.
func gather(folder string, files, pairs []string) (values, error) {
	all := values{}
	for _, file := range append([]string{filepath.Join(folder, "values.yaml")}, files...) {
		more := values{}
		if err := read(file, &more); err != nil {
			return nil, err
		}
		merge(all, more)
	}
	for _, pair := range pairs {
		path, value, found := strings.Cut(pair, "=")
		if !found || strings.ContainsAny(path, `\[`) || strings.ContainsAny(value, `\,{`) {
			return nil, fmt.Errorf("--set %s: one path with dots and one plain value are known here", pair)
		}
		keys := strings.Split(path, ".")
		var over interface{} = typed(value)
		for i := len(keys) - 1; i >= 0; i-- {
			over = values{keys[i]: over}
		}
		merge(all, over.(values))
	}
	return all, nil
}

// Maps are merged, all else is replaced, and null takes away.
func merge(into, from values) {
	for key, value := range from {
		inner, isMap := value.(values)
		present, wasMap := into[key].(values)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			merge(present, inner)
		default:
			into[key] = value
		}
	}
}

// What Helm makes of a value on its command line: a number that starts with 0 stays text.
func typed(value string) interface{} {
	switch value {
	case "true", "false":
		return value == "true"
	case "null":
		return nil
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil || value != "0" && value[0] == '0' {
		return value
	}
	return number
}

func validate(file string, given values) error {
	schema, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	loader := gojsonschema.NewGoLoader(given)
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), loader)
	if err != nil || result.Valid() {
		return err
	}
	var wrong []string
	for _, each := range result.Errors() {
		wrong = append(wrong, each.String())
	}
	all := strings.Join(wrong, "; ")
	return fmt.Errorf("values don't meet the specifications of %s: %s", file, all)
}
