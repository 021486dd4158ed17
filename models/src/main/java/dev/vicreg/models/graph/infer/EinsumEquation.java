package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An Einsum equation applied to given shapes: one letter per axis of each operand and of the output, with ellipses
 * replaced by letters of their own and an implicit output written out.
 *
 * <p>Follows ONNX's Einsum-12 as its own inference and ONNX Runtime read it: axes of size 1 stretch to the size that
 * others have under the same letter, and the ellipsis stands for the same number of axes wherever it occurs.
 */
public final class EinsumEquation {
    private static final String ELLIPSIS = "...";
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private final List<String> operands = new ArrayList<>();
    private final String output;
    private final Map<Character, Dim> sizes = new LinkedHashMap<>();

    /**
     * Reads {@code equation} for operands of these shapes.
     *
     * @throws IllegalArgumentException if it does not fit the shapes
     */
    public EinsumEquation(String equation, List<Shape> shapes) {
        String text = equation.replace(" ", "");
        int arrow = text.indexOf("->");
        String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
        if (terms.length != shapes.size()) {
            throw new IllegalArgumentException(
                    "equation " + equation + " has " + terms.length + " terms for " + shapes.size() + " inputs");
        }
        String stretched = unused(text, ellipsisRank(equation, terms, shapes));
        for (int i = 0; i < terms.length; i++) {
            operands.add(terms[i].replace(ELLIPSIS, stretched));
            measure(operands.get(i), shapes.get(i));
        }
        output = arrow < 0
                ? stretched + onceUsed(terms)
                : text.substring(arrow + 2).replace(ELLIPSIS, stretched);
        for (int axis = 0; axis < output.length(); axis++) {
            if (!sizes.containsKey(output.charAt(axis))) {
                throw new IllegalArgumentException(
                        "equation " + equation + ": no input has the output's " + output.charAt(axis));
            }
        }
    }

    /** Axes that an ellipsis stands for, the same number in every term that has one; 0 where none has. */
    private static int ellipsisRank(String equation, String[] terms, List<Shape> shapes) {
        int rank = -1;
        for (int i = 0; i < terms.length; i++) {
            Shape shape = shapes.get(i);
            int rest = shape.rank() - terms[i].replace(ELLIPSIS, "").length();
            boolean open = terms[i].contains(ELLIPSIS);
            if (open ? rest < 0 : rest != 0) {
                throw new IllegalArgumentException("term " + terms[i] + " does not fit an input of " + shape);
            }
            if (open && rank >= 0 && rest != rank) {
                throw new IllegalArgumentException("equation " + equation + ": the ellipsis stands for " + rank
                        + " axes in one term and for " + rest + " in another; expected the same number");
            }
            rank = open ? rest : rank;
        }
        return Math.max(rank, 0);
    }

    private static String unused(String text, int count) {
        StringBuilder found = new StringBuilder();
        for (int i = 0; found.length() < count; i++) {
            if (i == LETTERS.length()) {
                throw new IllegalArgumentException("equation " + text + " leaves no letters for its ellipsis");
            }
            if (text.indexOf(LETTERS.charAt(i)) < 0) {
                found.append(LETTERS.charAt(i));
            }
        }
        return found.toString();
    }

    private void measure(String letters, Shape shape) {
        for (int axis = 0; axis < letters.length(); axis++) {
            Dim dim = shape.at(axis);
            Dim known = sizes.merge(letters.charAt(axis), dim, (a, b) -> a.size() == 1 || !a.isFixed() ? b : a);
            if (dim.isFixed() && known.isFixed() && dim.size() != 1 && dim.size() != known.size()) {
                throw new IllegalArgumentException(
                        "axis " + axis + " of " + shape + " must be " + known + ", as elsewhere in the equation");
            }
        }
    }

    /** Without an arrow the output has the letters that occur once, in alphabetical order, after the ellipsis. */
    private static String onceUsed(String... terms) {
        Map<Character, Integer> counts = new TreeMap<>();
        for (String term : terms) {
            term.replace(ELLIPSIS, "").chars().forEach(letter -> counts.merge((char) letter, 1, Integer::sum));
        }
        StringBuilder once = new StringBuilder();
        counts.forEach((letter, count) -> once.append(count == 1 ? letter.toString() : ""));
        return once.toString();
    }

    /** The letters of each operand's axes. */
    public List<String> operands() {
        return List.copyOf(operands);
    }

    /** The letters of the output's axes. */
    public String output() {
        return output;
    }

    /** The size of the axes with that letter, once stretched. */
    public Dim size(char letter) {
        Dim dim = sizes.get(letter);
        if (dim == null) {
            throw new IllegalArgumentException("No axis " + letter + " among " + sizes.keySet());
        }
        return dim;
    }

    /** A letter that the equation does not use. */
    public String spareLetter() {
        return unused(String.join("", operands) + output, 1);
    }

    /** The output's shape. */
    Shape shape() {
        return new Shape(output.chars().mapToObj(letter -> size((char) letter)).toList());
    }
}
