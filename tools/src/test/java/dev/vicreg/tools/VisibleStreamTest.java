package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class VisibleStreamTest {
    private static String shown(String... texts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(new VisibleStream(bytes), true, StandardCharsets.UTF_8);
        for (String text : texts) {
            stream.print(text);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void controlCharactersAreShown() {
        assertEquals("a\\x1b[31mred\\x07\\x7f", shown("a\u001B[31mred\u0007\u007F"));
        assertEquals("\\x9b31m", shown("\u009B31m")); // CSI in one character
        assertEquals("a\\x0doverwritten", shown("a\roverwritten"));
        assertEquals("a\\x0d\\x0d\r\n", shown("a\r\r\r\n"));
    }

    @Test
    void textAndLineEndsStay() {
        String text = "é 猫 \u00A0 \u00BF\ta\nb\r\nc \uD83D\uDE00";
        assertEquals(text, shown(text));
        assertEquals("a\r\nb", shown("a\r", "\nb"));
        assertEquals("\rstep 1\rstep 2\r\n", shown("\rstep 1", "\rstep 2", "\r\n"));
    }

    /** As the log's lines are, which come from below the command line. */
    @Test
    void textIsWordedBefore() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = VisibleStream.over(
                new PrintStream(bytes, true, StandardCharsets.UTF_8),
                "stderr",
                text -> text.replace("`rate`", "--rate"));
        stream.println("WARN skipped: choose a `rate`");
        stream.print("`rate`\u0007");
        stream.flush();
        assertEquals(
                "WARN skipped: choose a --rate" + System.lineSeparator() + "--rate\\x07",
                bytes.toString(StandardCharsets.UTF_8));
    }
}
