package dev.vicreg.tools;

/** A line of vectors in a .csv file, as {@code embed} writes them: a name, then the values. */
final class CsvVector {
    private CsvVector() {}

    static float[] values(String line) {
        String[] parts = line.split(",", -1);
        float[] values = new float[parts.length - 1];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(parts[i + 1]);
        }
        return values;
    }
}
