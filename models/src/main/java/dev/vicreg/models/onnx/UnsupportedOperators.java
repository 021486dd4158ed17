package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.OpType;
import java.util.Locale;
import java.util.Set;

/** What a user can do about an operator that is not read. */
final class UnsupportedOperators {
    private static final Set<String> LOOPS = Set.of("Loop", "Scan");
    private static final Set<String> RANDOM = Set.of(
            "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial");
    private static final Set<String> DATA_DEPENDENT =
            Set.of("NonMaxSuppression", "Unique", "Compress", "StringSplit", "TensorScatter");
    private static final Set<String> IMAGES_AND_TEXT = Set.of(
            "ImageDecoder", "StringNormalizer", "StringConcat", "RegexFullMatch", "TfIdfVectorizer", "LabelEncoder");

    private UnsupportedOperators() {}

    /** The end of a message that says that an operator is not supported. */
    static String remedy(String domain, String operator) {
        String lower = operator.toLowerCase(Locale.ROOT);
        if (lower.contains("quantize")
                || lower.contains("qlinear")
                || lower.startsWith("qgemm")
                || lower.contains("nbits")
                || lower.endsWith("integer")
                || lower.contains("integertofloat")) {
            return "the file is quantised; take the float file that it was made of, train that, and quantise what is exported";
        }
        if (LOOPS.contains(operator)) {
            return "export the network for a fixed length so that the loop is unrolled, or with RNN, LSTM or GRU nodes";
        }
        if (lower.contains("sequence") || lower.startsWith("optional")) {
            return "it makes a list of tensors; export the network with Split, Concat and Slice in place of lists";
        }
        if (RANDOM.contains(operator)) {
            return "it draws random numbers; export the network in evaluation mode";
        }
        if (DATA_DEPENDENT.contains(operator)) {
            return "how much it gives depends on the data; name a value before it with `output` NAME";
        }
        if (IMAGES_AND_TEXT.contains(operator) || domain.equals("ai.onnx.ml") || domain.equals("ai.onnx.contrib")) {
            return "export the network without what is done before or behind it, such as " + operator
                    + ", or name a value before it with `output` NAME";
        }
        if (domain.equals(OpType.Domain.MICROSOFT.onnxName())) {
            return "an optimiser made it; take the file as it was before it was optimised";
        }
        return "name a value before it with `output` NAME, or export the network with other operators";
    }
}
