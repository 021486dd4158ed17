package dev.vicreg.tools.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Many pictures in one, each in a square cell of its own: a page holds it as one file. Not thread-safe. */
final class SpriteSheet {
    private static final float[] QUALITIES = {0.9f, 0.75f, 0.5f};
    private static final int SMALLEST = 16;

    private final int side;
    private final int limit;
    private final List<BufferedImage> pictures = new ArrayList<>();

    /**
     * An empty sheet.
     *
     * @param side of a cell, in pixels; larger pictures are made smaller
     * @param limit bytes of the sheet; it loses quality, then size, to keep below
     */
    SpriteSheet(int side, int limit) {
        this.side = side;
        this.limit = limit;
    }

    /** Adds a picture; returns its cell, from 0. */
    int add(BufferedImage picture) {
        pictures.add(fitted(picture, side));
        return pictures.size() - 1;
    }

    /**
     * For the page: {@code url} with the sheet as JPEG, {@code side} of a cell, {@code columns}, and {@code cells}, the width
     * and height of each picture, which stands at the upper left of its cell. Empty where there are no pictures.
     */
    Map<String, Object> json() throws IOException {
        if (pictures.isEmpty()) {
            return Map.of();
        }
        int cell = pictures.stream()
                .mapToInt(picture -> Math.max(picture.getWidth(), picture.getHeight()))
                .max()
                .orElseThrow();
        byte[] jpeg = {};
        for (; ; cell /= 2) {
            for (float quality : QUALITIES) {
                jpeg = jpeg(drawn(cell), quality);
                if (jpeg.length <= limit || (cell <= SMALLEST && quality == QUALITIES[QUALITIES.length - 1])) {
                    return json(jpeg, cell);
                }
            }
        }
    }

    private Map<String, Object> json(byte[] jpeg, int cell) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("url", "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg));
        json.put("side", cell);
        json.put("columns", columns());
        json.put("rows", rows());
        json.put(
                "cells",
                pictures.stream()
                        .map(picture -> fitted(picture, cell))
                        .map(picture -> List.of(picture.getWidth(), picture.getHeight()))
                        .toList());
        return json;
    }

    private int columns() {
        return (int) Math.ceil(Math.sqrt(pictures.size()));
    }

    private int rows() {
        return (pictures.size() + columns() - 1) / columns();
    }

    private BufferedImage drawn(int cell) {
        BufferedImage sheet = new BufferedImage(columns() * cell, rows() * cell, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        for (int i = 0; i < pictures.size(); i++) {
            g.drawImage(fitted(pictures.get(i), cell), i % columns() * cell, i / columns() * cell, null);
        }
        g.dispose();
        return sheet;
    }

    private static BufferedImage fitted(BufferedImage picture, int side) {
        int longer = Math.max(picture.getWidth(), picture.getHeight());
        if (longer <= side) {
            return picture;
        }
        int width = Math.max(1, picture.getWidth() * side / longer);
        int height = Math.max(1, picture.getHeight() * side / longer);
        BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = small.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.drawImage(picture, 0, 0, width, height, null);
        g.dispose();
        return small;
    }

    private static byte[] jpeg(BufferedImage image, float quality) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            how.setCompressionQuality(quality);
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), how);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
