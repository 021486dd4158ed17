package dev.vicreg.tools.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TextCellTest {
    @Test
    void linesEndBetweenWordsAndNeverInACharacter() {
        assertEquals(5, TextCell.lineBreak("12 34", 7));
        assertEquals(5, TextCell.lineBreak("12 34 56", 7));
        assertEquals(5, TextCell.lineBreak("12 34 56", 5));
        assertEquals(3, TextCell.lineBreak("123456", 3));
        String faces = "\uD83D\uDE00".repeat(3);
        assertEquals(2, TextCell.lineBreak(faces, 3));
        assertEquals(2, TextCell.lineBreak(faces, 1));
    }
}
