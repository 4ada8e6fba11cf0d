package filing

import "testing"

func TestNamesAreComparedAsReadersDo(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		same bool
	}{
		{"北京云帆科技有限公司", "北京云帆科技有限公司", true},
		{"云帆（北京）科技有限公司", "云帆(北京)科技有限公司", true},
		{" 云帆 科技 ", "云帆科技", true},
		{"ＹＵＮＦＡＮ Ltd", "yunfan LTD", true},
		{"买买提·艾力", "买买提•艾力", true},
		{"张小明", "张小名", false},
		{"", "", false},
		{"张小明", "", false},
		{"\xff", "\xff", false},
	}
	for _, c := range cases {
		if SameName(c.a, c.b) != c.same || SameName(c.b, c.a) != c.same {
			t.Errorf("SameName(%q, %q) must be %v", c.a, c.b, c.same)
		}
	}
}
