package page

import (
	"fmt"
	"reflect"
	"strings"

	"beian/internal/text"
)

// set fills members of the struct behind target from name, value pairs. Names
// are matched without regard to case.
func set(target any, pairs []any) error {
	named, err := paired(pairs)
	if err != nil {
		return err
	}
	members := reflect.ValueOf(target).Elem()
	for name, value := range named {
		member := members.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
		given := reflect.ValueOf(value)
		if !member.IsValid() || !given.IsValid() || !convertible(given, member) {
			return fmt.Errorf("component %s takes no %s of this type", members.Type().Name(), name)
		}
		member.Set(given.Convert(member.Type()))
	}
	return nil
}

// convertible keeps numbers from becoming letters: int converts to string in
// Go, but never in the sense a page means.
func convertible(from, to reflect.Value) bool {
	return from.Kind() == to.Kind() && from.CanConvert(to.Type())
}

func paired(pairs []any) (text.Params, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("pairs of name and value: got %d parts", len(pairs))
	}
	named := text.Params{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("pairs of name and value: part %d is no name", i)
		}
		named[name] = pairs[i+1]
	}
	return named, nil
}
