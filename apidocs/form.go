package apidocs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// form is in words what a value looks like, with a link to where that stands in
// full.
type form struct{ Text, Name, Link string }

func formOf(s *huma.Schema) form {
	if s == nil {
		return form{Text: "anything"}
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return form{Name: name, Link: schemaID(name)}
	}
	if s.Type == huma.TypeArray {
		of := formOf(s.Items)
		of.Text = strings.TrimSpace("list of " + of.Text)
		return of
	}
	words := []string{s.Type}
	if s.Type == "" {
		words[0] = "anything"
	}
	if s.Format != "" {
		words[0] += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, value := range s.Enum {
			values = append(values, fmt.Sprint(value))
		}
		words = append(words, "one of "+strings.Join(values, ", "))
	}
	if s.Minimum != nil {
		words = append(words, fmt.Sprintf("at least %v", *s.Minimum))
	}
	if s.Maximum != nil {
		words = append(words, fmt.Sprintf("at most %v", *s.Maximum))
	}
	if s.Pattern != "" {
		words = append(words, "matching "+s.Pattern)
	}
	if s.Default != nil {
		words = append(words, fmt.Sprintf("%v if not given", s.Default))
	}
	return form{Text: strings.Join(words, ", ")}
}

// examples are those given, or those of the schema.
func examples(one any, named map[string]*huma.Example, s *huma.Schema) []string {
	if one != nil {
		return []string{indented(one)}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		all = append(all, indented(named[name].Value))
	}
	if len(all) == 0 && s != nil {
		for _, value := range s.Examples {
			all = append(all, indented(value))
		}
	}
	return all
}

// indented is a text as it is, and anything else as JSON.
func indented(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var text strings.Builder
	write := json.NewEncoder(&text)
	write.SetEscapeHTML(false) // html/template escapes, so that people see what programs see
	write.SetIndent("", "  ")
	if err := write.Encode(value); err != nil {
		return fmt.Sprintf("(%v)", err) // the description cannot be written then either, and says so
	}
	return strings.TrimSuffix(text.String(), "\n")
}
